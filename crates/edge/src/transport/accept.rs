//! Connections of one listening socket, handed to the loop one after the other: what it does not take waits in the
//! system's queue.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::event::FromStream;

/// How long to wait when the system gives no more connections.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Accepts until nobody listens any more. `listener` is the index of the address.
pub(super) async fn accept(socket: TcpListener, listener: usize, events: mpsc::Sender<FromStream>) {
    loop {
        match socket.accept().await {
            Ok((stream, remote)) => {
                let accepted = FromStream::Accepted {
                    stream,
                    remote,
                    listener,
                };
                if events.send(accepted).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }
}
