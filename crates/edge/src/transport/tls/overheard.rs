//! A stream whose first octets are kept, so that a handshake that fails can be explained.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Octets that are kept: a hello with a certificate request or two.
const HEAD_BYTES_MAX: usize = 4_096;

/// A stream and the first that was read from it.
#[derive(Debug)]
pub(crate) struct Overheard<S> {
    stream: S,
    head: Vec<u8>,
    is_kept: bool,
}

impl<S> Overheard<S> {
    pub(crate) fn new(stream: S) -> Overheard<S> {
        Overheard {
            stream,
            head: Vec::new(),
            is_kept: true,
        }
    }

    /// What was read first.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The handshake is over: nothing is kept any more.
    pub(crate) fn forget(&mut self) {
        self.head = Vec::new();
        self.is_kept = false;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.is_kept {
            let room = HEAD_BYTES_MAX.saturating_sub(self.head.len());
            let fresh = &buffer.filled()[before..];
            let kept = &fresh[..fresh.len().min(room)];
            self.head.extend_from_slice(kept);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
