//! How a connection begins: accepted or dialed, in plain text or by a TLS handshake, within bounds of time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion};
use schemas::observation::TlsFault;
use sip::endpoint::flow::{Flow, Party};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::tls::{Failure, Overheard, Server};
use crate::configuration::{Connections, TlsVersion};

/// A connection that is to begin.
pub(super) enum Opening {
    /// The peer opened it.
    Accepted(TcpStream),
    /// The same, for TLS.
    AcceptedSecure {
        stream: TcpStream,
        server: Arc<Server>,
        /// Who the peer is if its certificate proves it: a number for each proof of the server.
        proven: Vec<Party>,
    },
    /// It is opened now, from this address if it is ours.
    Dial { from: Option<IpAddr> },
    /// The same, with TLS.
    DialSecure {
        from: Option<IpAddr>,
        config: Arc<ClientConfig>,
        /// The name that the peer's certificate must hold.
        name: ServerName<'static>,
        version_min: TlsVersion,
    },
}

/// An open connection.
pub(super) enum Opened {
    Plain(TcpStream),
    Secure(Box<TlsStream<Overheard<TcpStream>>>),
}

/// Why there is none.
pub(super) struct NotOpened {
    pub error: String,
    pub refused: Option<Failure>,
}

impl Opening {
    /// Opens it; which way it is then.
    pub(super) async fn open(
        self,
        flow: Flow,
        bounds: &Connections,
    ) -> Result<(Opened, Flow), NotOpened> {
        match self {
            Opening::Accepted(stream) => Ok((Opened::Plain(stream), flow)),
            Opening::AcceptedSecure {
                stream,
                server,
                proven,
            } => accept(stream, &server, &proven, flow, bounds.handshake).await,
            Opening::Dial { from } => {
                let stream = connect(from, flow.remote, bounds.connect).await?;
                Ok((Opened::Plain(stream), flow))
            }
            Opening::DialSecure {
                from,
                config,
                name,
                version_min,
            } => {
                let stream = connect(from, flow.remote, bounds.connect).await?;
                let stream = Overheard::new(stream);
                let connecting = TlsConnector::from(config)
                    .connect(name, stream)
                    .into_fallible();
                match tokio::time::timeout(bounds.handshake, connecting).await {
                    Ok(Ok(mut stream)) => {
                        stream.get_mut().0.forget();
                        Ok((Opened::Secure(Box::new(stream.into())), flow))
                    }
                    Ok(Err((error, stream))) => {
                        Err(Failure::of(&error, stream.head(), version_min).into())
                    }
                    Err(_) => Err(too_slow(bounds.handshake, version_min)),
                }
            }
        }
    }
}

async fn accept(
    stream: TcpStream,
    server: &Server,
    proven: &[Party],
    flow: Flow,
    patience: Duration,
) -> Result<(Opened, Flow), NotOpened> {
    let accepting = TlsAcceptor::from(server.config.clone())
        .accept(Overheard::new(stream))
        .into_fallible();
    match tokio::time::timeout(patience, accepting).await {
        Ok(Ok(mut stream)) => {
            let (kept, session) = stream.get_mut();
            kept.forget();
            let chain = session.peer_certificates().unwrap_or_default();
            let version = match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => TlsVersion::V1_2,
                _ => TlsVersion::V1_3,
            };
            let mut proofs = server.proofs.iter().zip(proven);
            let shown = proofs.find(|((_, proof), _)| proof.is_given_by(chain, version));
            let party = shown.map_or(Party::UNPROVEN, |(_, party)| *party);
            let flow = Flow { party, ..flow };
            Ok((Opened::Secure(Box::new(stream.into())), flow))
        }
        Ok(Err((error, stream))) => {
            Err(Failure::of(&error, stream.head(), server.version_min).into())
        }
        Err(_) => Err(too_slow(patience, server.version_min)),
    }
}

async fn connect(
    from: Option<IpAddr>,
    remote: SocketAddr,
    patience: Duration,
) -> Result<TcpStream, NotOpened> {
    let connecting = async {
        let socket = if remote.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        if let Some(from) = from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        socket.connect(remote).await
    };
    let connected = tokio::time::timeout(patience, connecting).await;
    let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let stream = connected.map_err(|error| NotOpened {
        error: format!("{remote} takes no connection: {error}"),
        refused: None,
    })?;
    // A message is written at once; waiting for more of it helps nobody.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn too_slow(patience: Duration, version_min: TlsVersion) -> NotOpened {
    let told = format!("no TLS handshake within {} s", patience.as_secs());
    Failure::told(TlsFault::TooSlow, &told, version_min).into()
}

impl From<Failure> for NotOpened {
    fn from(failure: Failure) -> NotOpened {
        NotOpened {
            error: format!("TLS failed: {}", failure.error),
            refused: Some(failure),
        }
    }
}
