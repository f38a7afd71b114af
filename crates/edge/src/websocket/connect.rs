//! How a connection to an agent comes about: its address is looked up, TCP, TLS where the URL says so, and the handshake
//! of WebSocket (RFC 6455 section 4.1), each within a bound of time.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::BoxFuture;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion};
use schemas::observation::LegFailure;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::Event;
use crate::clock::moment;
use crate::locate::search;

/// How long TCP, TLS and the handshake may take, each: a caller waits.
const STEP: Duration = Duration::from_secs(5);

/// The largest message of an agent: a minute and a half of audio as text. What is larger ends the connection.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// What the kernel keeps for an agent that does not read: a second or two, so that it never hears what is long past.
const SEND_BUFFER_BYTES: usize = 16 << 10;

/// What is read at once: agents send a few frames at a time.
const READ_BUFFER_BYTES: usize = 4 << 10;

/// A stream of octets to an agent.
pub(super) type Pipe = Box<dyn Duplex>;

/// Both ways.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A connection that comes about.
pub(super) type Connecting =
    Pin<Box<dyn Future<Output = Result<(Box<WebSocketStream<Pipe>>, Event), LegFailure>> + Send>>;

/// Where an agent is and how it is asked.
pub struct Target {
    looking: BoxFuture<Result<Vec<search::Target>, String>>,
    secure: Option<Secure>,
    request: Request,
}

/// TLS to an agent: the configuration, and the name that its certificate must hold.
pub type Secure = (Arc<ClientConfig>, ServerName<'static>);

/// What of a URL says where an agent is.
pub struct Place {
    /// Whether it is behind TLS.
    pub is_secure: bool,
    /// Its host, an IPv6 address in brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Place {
    /// Of a URL of a WebSocket.
    pub fn of(url: &str) -> Result<Place, String> {
        let uri: Uri = url
            .parse()
            .map_err(|error| format!("{url:?} is no URL: {error}"))?;
        let is_secure = uri.scheme_str() == Some("wss");
        let host = uri.host().ok_or_else(|| format!("{url:?} has no host"))?;
        Ok(Place {
            is_secure,
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
        })
    }
}

impl Target {
    /// The agent of that URL, asked with these header fields; `looking` finds its addresses.
    pub fn new(
        url: &str,
        headers: &[(String, String)],
        looking: BoxFuture<Result<Vec<search::Target>, String>>,
        secure: Option<Secure>,
    ) -> Result<Target, String> {
        let request = url.into_client_request();
        let mut request = request.map_err(|error| error.to_string())?;
        let fields = request.headers_mut();
        fields.insert("User-Agent", HeaderValue::from_static(USER_AGENT));
        for (name, value) in headers {
            let (Ok(name), Ok(mut value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_str(value),
            ) else {
                return Err(format!("{name:?} cannot be sent as a header field"));
            };
            value.set_sensitive(true);
            fields.insert(name, value);
        }
        Ok(Target {
            looking,
            secure,
            request,
        })
    }
}

pub(super) fn connecting(target: Target) -> Connecting {
    Box::pin(async move {
        let began = moment().now;
        let Target {
            looking,
            secure,
            request,
        } = target;
        let addresses = looking.await.map_err(unreachable)?;
        let (stream, address) = connect(&addresses).await?;
        let (pipe, tls) = match secure {
            None => (Box::new(stream) as Pipe, None),
            Some(secure) => secured(stream, secure).await?,
        };
        let connected = since(began);
        let asking = client_async_with_config(request, pipe, Some(configuration()));
        let asked = within("handshake", asking).await?;
        let (socket, _) = asked.map_err(refused)?;
        let opened = Event::Opened {
            destination: address.to_string(),
            tls,
            connected,
            taken: since(began).saturating_sub(connected),
        };
        Ok((Box::new(socket), opened))
    })
}

async fn connect(targets: &[search::Target]) -> Result<(TcpStream, SocketAddr), LegFailure> {
    let trying = async {
        let mut unable = String::from("it has no address");
        for target in targets {
            match TcpStream::connect(target.address).await {
                Ok(stream) => return Ok((stream, target.address)),
                Err(error) => unable = format!("{}: {error}", target.address),
            }
        }
        Err(unreachable(unable))
    };
    let (stream, address) = within("connect", trying).await??;
    // A frame is written at once; what is small waits for nothing.
    let _ = stream.set_nodelay(true);
    let _ = socket2::SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES);
    Ok((stream, address))
}

async fn secured(
    stream: TcpStream,
    (config, name): Secure,
) -> Result<(Pipe, Option<String>), LegFailure> {
    let connecting = TlsConnector::from(config).connect(name, stream);
    let stream = within("TLS", connecting).await?;
    let stream = stream.map_err(|error| unreachable(format!("TLS failed: {error}")))?;
    let version = match stream.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS 1.3",
    };
    Ok((Box::new(stream), Some(version.to_owned())))
}

async fn within<T>(timer: &str, future: impl Future<Output = T>) -> Result<T, LegFailure> {
    let timer = timer.to_owned();
    let waited = tokio::time::timeout(STEP, future).await;
    waited.map_err(|_| LegFailure::TimedOut { timer })
}

/// The agent's server said no, or something that is no answer.
fn refused(error: tungstenite::Error) -> LegFailure {
    match error {
        tungstenite::Error::Http(response) => {
            let status = response.status();
            LegFailure::Refused {
                status: status.as_u16(),
                phrase: status.canonical_reason().unwrap_or_default().to_owned(),
            }
        }
        other => unreachable(format!("no WebSocket there: {other}")),
    }
}

fn unreachable(error: String) -> LegFailure {
    LegFailure::Unreachable { error }
}

fn since(began: Instant) -> Duration {
    moment().now.saturating_duration_since(began)
}

fn configuration() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        // Every message leaves at once.
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
}

/// What we are called in the handshake.
const USER_AGENT: &str = concat!("trunkline/", env!("CARGO_PKG_VERSION"));
