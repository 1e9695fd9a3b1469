//! A connection's bytes, with the strict reading of [`super::framing`] and with deadlines for whoever is slow.
//!
//! hyper never sees a head before it is complete and good. A refused head is replaced by one that hyper itself
//! refuses, so that the answer comes in its turn, after the answers to whatever was sent before.

use super::framing::{Framing, Refusal};
use bytes::{Buf as _, BytesMut};
use ipnd_core::Limits;
use ipnd_core::limits::HEADERS_MAX;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Bytes read from the socket at a time.
const READ_BYTES: usize = 16 * 1024;
/// How long, and for how many bytes, a connection that we close is still listened to when its peer is sending, so
/// that our answer is not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What the connection's task knows and its stream must know too.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Requests that are being answered: 0 or 1. While one is, nobody is idle.
    pub(super) answering: AtomicUsize,
    /// A part of a head has arrived: the connection must not be closed as idle.
    pub(super) is_mid_head: AtomicBool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between requests, or while one is answered.
    Idle,
    Head,
    /// Somebody else watches the time.
    Unwatched,
}

pub(super) struct Guarded<S> {
    socket: S,
    framing: Framing,
    /// Read from the socket, not yet handed to hyper.
    waiting: BytesMut,
    /// How many bytes of `waiting` may pass.
    released: usize,
    /// The framing was refused: nothing that comes now means anything.
    is_refused: bool,
    /// The peer was silent for too long.
    is_overdue: bool,
    activity: Arc<Activity>,
    phase: Phase,
    deadline: Pin<Box<Sleep>>,
    write_deadline: Option<Pin<Box<Sleep>>>,
    lingering: Option<Linger>,
    header_read: Duration,
    idle: Duration,
}

struct Linger {
    deadline: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl<S> Guarded<S> {
    pub(super) fn new(socket: S, limits: &Limits, activity: Arc<Activity>) -> Self {
        let header_read = Duration::from_millis(limits.header_read_ms);
        Self {
            socket,
            framing: Framing::new(usize::try_from(limits.header_bytes_max).unwrap_or(usize::MAX)),
            waiting: BytesMut::new(),
            released: 0,
            is_refused: false,
            is_overdue: false,
            activity,
            // A new connection has to speak at once; only one that has spoken may be idle.
            phase: Phase::Head,
            deadline: Box::pin(tokio::time::sleep(header_read)),
            write_deadline: None,
            lingering: None,
            header_read,
            idle: Duration::from_millis(limits.idle_ms),
        }
    }

    /// Judges what waits. Whether something may pass now.
    fn judge(&mut self) -> io::Result<bool> {
        if self.released > 0 {
            return Ok(true);
        }
        if self.waiting.is_empty() || self.is_refused {
            return Ok(false);
        }
        match self.framing.advance(&self.waiting) {
            Ok(count) => {
                self.released = count;
                Ok(count > 0)
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> io::Result<bool> {
        metrics::counter!("ipnd_requests_refused_total", "reason" => "framing").increment(1);
        self.is_refused = true;
        self.waiting.clear();
        match refusal {
            // No method begins with a NUL: hyper answers 400.
            Refusal::Head => self.waiting.extend_from_slice(b"\0"),
            // One header more than hyper takes: hyper answers 431.
            Refusal::TooLarge => {
                self.waiting.extend_from_slice(b"GET / HTTP/1.1\r\n");
                (0..=HEADERS_MAX).for_each(|_| self.waiting.extend_from_slice(b"a:\r\n"));
                self.waiting.extend_from_slice(b"\r\n");
            }
            Refusal::Body => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the body's chunks are malformed"));
            }
        }
        self.released = self.waiting.len();
        Ok(true)
    }

    fn phase_now(&self) -> Phase {
        let answering = self.activity.answering.load(Ordering::Acquire) > 0;
        if answering || !self.framing.is_between_requests() {
            Phase::Unwatched
        } else if !self.waiting.is_empty() {
            Phase::Head
        } else if self.phase == Phase::Unwatched {
            Phase::Idle
        } else {
            self.phase
        }
    }

    /// Nothing has arrived. Whether the peer has been silent for too long.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let phase = self.phase_now();
        if phase != self.phase {
            self.phase = phase;
            let patience = if phase == Phase::Head { self.header_read } else { self.idle };
            self.deadline.as_mut().reset(Instant::now() + patience);
        }
        phase != Phase::Unwatched && self.deadline.as_mut().poll(cx).is_ready()
    }
}

impl<S: AsyncRead + Unpin> Guarded<S> {
    /// Reads by way of the stack, so that idle connections hold no buffer.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [MaybeUninit::uninit(); READ_BYTES];
        let mut piece = ReadBuf::uninit(&mut piece);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut piece))?;
        self.waiting.extend_from_slice(piece.filled());
        Poll::Ready(Ok(piece.filled().len()))
    }

    fn hand_out(&mut self, out: &mut ReadBuf<'_>) {
        let count = self.released.min(out.remaining());
        out.put_slice(&self.waiting[..count]);
        self.waiting.advance(count);
        self.released -= count;
        // Whoever has sent something complete has all his time again.
        self.phase = Phase::Unwatched;
        if self.waiting.is_empty() {
            self.waiting = BytesMut::new();
        }
    }

    /// Reads and forgets what still comes, until the peer has heard us and closes, or our patience ends.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut linger = self.lingering.take().unwrap_or_else(|| Linger {
            deadline: Box::pin(tokio::time::sleep(LINGER)),
            bytes_left: LINGER_BYTES_MAX,
        });
        loop {
            self.waiting.clear();
            match self.poll_fill(cx) {
                Poll::Ready(Ok(count)) if count > 0 && count < linger.bytes_left => {
                    linger.bytes_left -= count
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending if linger.deadline.as_mut().poll(cx).is_ready() => return Poll::Ready(()),
                Poll::Pending => {
                    self.lingering = Some(linger);
                    return Poll::Pending;
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let may_pass = this.judge()?;
            let is_mid_head = !may_pass && this.framing.is_between_requests() && !this.waiting.is_empty();
            this.activity.is_mid_head.store(is_mid_head, Ordering::Release);
            if may_pass {
                this.hand_out(out);
                return Poll::Ready(Ok(()));
            }
            if this.is_refused || this.is_overdue {
                return Poll::Ready(Ok(()));
            }
            match this.poll_fill(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // The end of the stream, as far as hyper is concerned: it closes the connection.
                Poll::Pending if this.poll_overdue(cx) => {
                    metrics::counter!("ipnd_connections_timed_out_total").increment(1);
                    this.is_overdue = true;
                    this.activity.is_mid_head.store(false, Ordering::Release);
                    return Poll::Ready(Ok(()));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<S> Guarded<S> {
    /// Whoever does not take what we send for as long as an idle connection may last is gone.
    fn watch_write<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write_deadline = None;
            return result;
        }
        let idle = self.idle;
        let deadline = self.write_deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write(cx, bytes);
        this.watch_write(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write_vectored(cx, slices);
        this.watch_write(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingering.is_none() {
            ready!(Pin::new(&mut this.socket).poll_shutdown(cx))?;
        }
        // A peer that has nothing more to send needs no lingering.
        let is_sending = this.is_refused || !this.framing.is_between_requests();
        if is_sending {
            ready!(this.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
