//! Where one request ends and the next begins, judged strictly and before hyper reads a byte (T-G04).
//!
//! Request smuggling lives on two servers that find different ends. hyper is tolerant in places: it prefers
//! `Transfer-Encoding` over a `Content-Length` beside it and takes a bare line feed for a line's end. So the bytes
//! pass through here first. What has exactly one reading goes on unchanged; everything else is refused and the
//! connection closed. Pure: bytes in, verdict out.

use ipnd_core::limits::HEADERS_MAX;

/// Longest line with a chunk's size, in bytes. Extensions are legal, unused, and a place to hide things.
const CHUNK_LINE_BYTES_MAX: usize = 256;
/// Digits of a length: 15 decimal or hexadecimal digits are petabytes and fit a `u64`.
const LENGTH_DIGITS_MAX: usize = 15;

/// Follows one direction of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    header_bytes_max: usize,
    /// Bytes of an unfinished head that have been searched for its end.
    searched: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    /// Bytes of the body that are still to come, counted by `Content-Length`.
    Body(u64),
    ChunkSize,
    ChunkBytes(u64),
    /// The line end after a chunk.
    ChunkEnd,
    /// The empty line after the last chunk.
    LastEnd,
}

/// Why a connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The head has no reading, or more than one. Hears 400.
    Head,
    /// The head is too large or has too many headers. Hears 431.
    TooLarge,
    /// The body's chunks are malformed. The handler hears that the body broke off.
    Body,
}

impl Framing {
    pub(super) fn new(header_bytes_max: usize) -> Self {
        Self { state: State::Head, header_bytes_max, searched: 0 }
    }

    /// Whether the next byte belongs to a new request.
    pub(super) fn is_between_requests(&self) -> bool {
        self.state == State::Head
    }

    /// How many of `bytes` may pass now; none means that more must arrive first.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        match self.state {
            State::Head => self.head(bytes),
            State::Body(left) => Ok(self.opaque(left, bytes.len(), State::Body, State::Head)),
            State::ChunkBytes(left) => Ok(self.opaque(left, bytes.len(), State::ChunkBytes, State::ChunkEnd)),
            State::ChunkSize => self.chunk_size(bytes),
            State::ChunkEnd => self.line_end(bytes, State::ChunkSize),
            State::LastEnd => self.line_end(bytes, State::Head),
        }
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        // Three bytes of the four that end a head may have been there before.
        let from = self.searched.saturating_sub(3);
        let found = bytes[from..].windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = found.map(|at| from + at + 4) else {
            self.searched = bytes.len();
            // A bare line feed never turns into a good head; waiting for its end would only be slow.
            return match bytes.len() {
                _ if has_bare_line_feed(&bytes[from..]) => Err(Refusal::Head),
                length if length > self.header_bytes_max => Err(Refusal::TooLarge),
                _ => Ok(0),
            };
        };
        if end > self.header_bytes_max {
            return Err(Refusal::TooLarge);
        }
        self.searched = 0;
        self.state = body_of(&bytes[..end - 4])?;
        Ok(end)
    }

    /// Bytes of a body pass without being looked at, until there are none left.
    fn opaque(&mut self, left: u64, arrived: usize, more: fn(u64) -> State, then: State) -> usize {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(arrived);
        let left = left - count as u64;
        self.state = if left == 0 { then } else { more(left) };
        count
    }

    fn chunk_size(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return if bytes.len() > CHUNK_LINE_BYTES_MAX { Err(Refusal::Body) } else { Ok(0) };
        };
        let line = bytes[..end].strip_suffix(b"\r").ok_or(Refusal::Body)?;
        if line.len() > CHUNK_LINE_BYTES_MAX || !line.iter().all(|byte| is_text(*byte)) {
            return Err(Refusal::Body);
        }
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
        self.state = match length(digits, 16).ok_or(Refusal::Body)? {
            0 => State::LastEnd,
            size => State::ChunkBytes(size),
        };
        Ok(end + 1)
    }

    /// Trailers are refused with everything else that is not a line end: nobody who tells of payments sends them.
    fn line_end(&mut self, bytes: &[u8], then: State) -> Result<usize, Refusal> {
        if !b"\r\n".starts_with(&bytes[..bytes.len().min(2)]) {
            return Err(Refusal::Body);
        }
        if bytes.len() < 2 {
            return Ok(0);
        }
        self.state = then;
        Ok(2)
    }
}

/// Reads a head, without its empty line, and says how its body is delimited.
fn body_of(head: &[u8]) -> Result<State, Refusal> {
    // One empty line in front of a request is tolerated by the standard; some senders end a body with one.
    let head = head.strip_prefix(b"\r\n").unwrap_or(head);
    let mut lines = Lines(Some(head));
    let is_http_11 = request_line(lines.next().ok_or(Refusal::Head)?).ok_or(Refusal::Head)?;
    let (mut headers, mut hosts, mut chunked, mut content_length) = (0, 0, None, None);
    for line in lines {
        headers += 1;
        let (name, value) = header(line).ok_or(Refusal::Head)?;
        if name.eq_ignore_ascii_case(b"host") {
            hosts += 1;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let length = length(value, 10).ok_or(Refusal::Head)?;
            if content_length.replace(length).is_some() {
                return Err(Refusal::Head);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding")
            && (!value.eq_ignore_ascii_case(b"chunked") || chunked.replace(()).is_some())
        {
            return Err(Refusal::Head);
        }
    }
    if headers > HEADERS_MAX {
        return Err(Refusal::TooLarge);
    }
    if hosts > 1 || (hosts == 0 && is_http_11) {
        return Err(Refusal::Head);
    }
    match (chunked, content_length) {
        (Some(()), None) if is_http_11 => Ok(State::ChunkSize),
        (Some(()), _) => Err(Refusal::Head),
        (None, None | Some(0)) => Ok(State::Head),
        (None, Some(length)) => Ok(State::Body(length)),
    }
}

/// Splits at CR LF and at nothing else.
struct Lines<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0?;
        match rest.windows(2).position(|window| window == b"\r\n") {
            Some(at) => {
                self.0 = Some(&rest[at + 2..]);
                Some(&rest[..at])
            }
            None => self.0.take(),
        }
    }
}

/// Whether the line says HTTP/1.1 (and not 1.0); `None` when it is not a request line.
fn request_line(line: &[u8]) -> Option<bool> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (method, target, version) = (parts.next()?, parts.next()?, parts.next()?);
    let good = parts.next().is_none()
        && !method.is_empty()
        && method.iter().all(|byte| is_token(*byte))
        && !target.is_empty()
        && target.iter().all(|byte| is_text(*byte) && *byte != b'\t');
    match version {
        b"HTTP/1.1" if good => Some(true),
        b"HTTP/1.0" if good => Some(false),
        _ => None,
    }
}

/// Name and value of a header line. `None` for white space in front of the name (a folded line) or before the
/// colon, an empty name, and control characters, bare CR and LF among them.
fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let good = !name.is_empty()
        && name.iter().all(|byte| is_token(*byte))
        && value.iter().all(|byte| is_text(*byte));
    good.then(|| (name, value.trim_ascii()))
}

/// Digits and nothing else: no sign, no space, no prefix.
fn length(digits: &[u8], radix: u32) -> Option<u64> {
    let good = (1..=LENGTH_DIGITS_MAX).contains(&digits.len())
        && digits.iter().all(|byte| char::from(*byte).is_digit(radix));
    let digits = good.then(|| std::str::from_utf8(digits).ok()).flatten()?;
    u64::from_str_radix(digits, radix).ok()
}

fn has_bare_line_feed(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair[1] == b'\n' && pair[0] != b'\r')
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// No control character but the tab.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the bytes in pieces and gives what passed, or the refusal.
    fn feed(bytes: &[u8], piece: usize) -> Result<(Vec<u8>, bool), Refusal> {
        let mut framing = Framing::new(16 * 1024);
        let (mut waiting, mut passed) = (Vec::new(), Vec::new());
        for piece in bytes.chunks(piece) {
            waiting.extend_from_slice(piece);
            loop {
                let count = framing.advance(&waiting)?;
                if count == 0 {
                    break;
                }
                passed.extend(waiting.drain(..count));
            }
        }
        Ok((passed, framing.is_between_requests() && waiting.is_empty()))
    }

    #[test]
    fn good_requests_pass_unchanged_in_pieces_of_any_size() {
        let requests: [&[u8]; 7] = [
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"POST /in/x HTTP/1.1\r\nhost:a\r\nContent-Length: 3\r\n\r\nabc",
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
            b"POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /a%20b?c=d HTTP/1.1\r\nHost: a\r\nX:\r\nY: \xe4\t \r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
        ];
        for request in requests {
            for piece in [1, 2, 3, 7, 1_000] {
                let shown = String::from_utf8_lossy(request);
                assert_eq!(feed(request, piece), Ok((request.to_vec(), true)), "{shown:?} by {piece}");
            }
        }
    }

    #[test]
    fn t_g04_ambiguous_framing_is_refused() {
        let heads = [
            ("both", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
            (
                "both, other order",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            ),
            ("two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"),
            (
                "twice the same length",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
            ),
            ("list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n"),
            ("plus sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n"),
            ("minus sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"),
            ("hexadecimal", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n"),
            ("empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"),
            ("endless length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
            ("space before colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\n"),
            ("tab before colon", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n"),
            ("bare line feed", "POST / HTTP/1.1\r\nHost: a\nContent-Length: 3\r\n\r\n"),
            ("bare line feeds", "GET / HTTP/1.1\nHost: a\n\n"),
            ("bare carriage return", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),
            ("folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"),
            ("folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
            ("unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"),
            ("two codings", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
            (
                "two coding lines",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            ),
            ("chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ("no host", "GET / HTTP/1.1\r\n\r\n"),
            ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            ("no colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"),
            ("empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
            ("NUL", "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"),
            ("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("tab in the request line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("no version", "GET /\r\n\r\n"),
            ("HTTP/2 preface (T-G05)", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ];
        for (name, head) in heads {
            for piece in [1, 5, 1_000] {
                assert_eq!(feed(head.as_bytes(), piece), Err(Refusal::Head), "{name} by {piece}");
            }
        }
    }

    #[test]
    fn t_g04_malformed_chunks_are_refused() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let endless = format!("1;{}", "x".repeat(400));
        let bodies = [
            "+3\r\nabc\r\n0\r\n\r\n",
            "0x3\r\nabc\r\n0\r\n\r\n",
            " 3\r\nabc\r\n",
            "3 \r\nabc\r\n",
            "\r\n",
            ";x\r\n",
            "3\nabc\r\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "3\r\nabc\n0\r\n\r\n",
            "-1\r\n",
            "FFFFFFFFFFFFFFFFF\r\n",
            "3;a\rb\r\nabc\r\n",
            "0\r\nX: y\r\n\r\n",
            "0\r\n\n",
            "0\r\nGET",
            &endless,
        ];
        for body in bodies {
            for piece in [1, 4, 1_000] {
                assert_eq!(
                    feed(format!("{head}{body}").as_bytes(), piece),
                    Err(Refusal::Body),
                    "{body:?} by {piece}"
                );
            }
        }
    }

    #[test]
    fn t_g03_heads_are_bounded_in_bytes_and_in_number() {
        let many = "a: b\r\n".repeat(HEADERS_MAX);
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n");
        assert_eq!(feed(head.as_bytes(), 100), Err(Refusal::TooLarge));
        assert_eq!(
            feed("x".repeat(20_000).as_bytes(), 1_000),
            Err(Refusal::TooLarge),
            "an endless first line"
        );
        let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(17_000));
        assert_eq!(feed(large.as_bytes(), 100_000), Err(Refusal::TooLarge));
    }
}
