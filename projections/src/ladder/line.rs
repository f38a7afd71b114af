//! The little that a ladder reads in a SIP message: its first line, its CSeq method, its body's kind
//! (RFC 3261, section 7). Nothing is decided by it.

use crate::{Mark, plain};

/// The most bytes of a message that are looked at.
const LOOKED_AT_MAX_BYTES: usize = 16 * 1_024;

/// What a ladder says of a message.
pub(super) struct Heading {
    pub(super) label: String,
    pub(super) mark: Mark,
}

/// The first line as people say it: `INVITE sip:100@example.org`, `200 OK`.
pub(crate) fn line_of(message: &[u8]) -> String {
    let first = first_line(message);
    match first.strip_prefix("SIP/2.0 ") {
        Some(status) => plain(status.trim()).into_owned(),
        None => plain(first.strip_suffix(" SIP/2.0").unwrap_or(&first)).into_owned(),
    }
}

/// `INVITE (SDP)`, `200 OK (INVITE, SDP)`.
pub(super) fn heading(message: &[u8]) -> Heading {
    let message = &message[..message.len().min(LOOKED_AT_MAX_BYTES)];
    let first = first_line(message);
    let sdp = find_field(message, &["content-type", "c"])
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/sdp"));
    match first.strip_prefix("SIP/2.0 ") {
        Some(status) => {
            let cseq = find_field(message, &["cseq"]).unwrap_or_default();
            let method = cseq.split_whitespace().nth(1).unwrap_or("?").to_owned();
            let about = if sdp {
                format!("{method}, SDP")
            } else {
                method
            };
            Heading {
                label: plain(&format!("{} ({about})", status.trim())).into_owned(),
                mark: mark_of_status(status),
            }
        }
        None => {
            let method = first.split(' ').next().unwrap_or_default();
            let label = match method {
                "" => "(no SIP)".to_owned(),
                _ if sdp => format!("{method} (SDP)"),
                _ => method.to_owned(),
            };
            let mark = match method {
                "REFER" | "NOTIFY" => Mark::Transfer,
                _ => Mark::Info,
            };
            Heading {
                label: plain(&label).into_owned(),
                mark,
            }
        }
    }
}

fn mark_of_status(status: &str) -> Mark {
    match status.as_bytes().first() {
        Some(b'1') => Mark::Mute,
        Some(b'2') => Mark::Ok,
        Some(b'3') => Mark::Transfer,
        Some(b'4') if status.starts_with("401") || status.starts_with("407") => Mark::Mute,
        Some(b'4') => Mark::Warn,
        _ => Mark::Bad,
    }
}

fn first_line(message: &[u8]) -> String {
    let end = message
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n'));
    String::from_utf8_lossy(&message[..end.unwrap_or(message.len())]).into_owned()
}

fn find_field(message: &[u8], names: &[&str]) -> Option<String> {
    let lines = message.split(|byte| *byte == b'\n').skip(1);
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return None;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8_lossy(&line[..colon])
            .trim()
            .to_ascii_lowercase();
        if names.contains(&name.as_str()) {
            return Some(
                String::from_utf8_lossy(&line[colon + 1..])
                    .trim()
                    .to_owned(),
            );
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_far_as_a_ladder_needs() {
        let invite = b"INVITE sip:1@h SIP/2.0\r\nCSeq: 1 INVITE\r\nc: application/sdp\r\n\r\nv=0";
        assert_eq!(heading(invite).label, "INVITE (SDP)");
        assert_eq!(line_of(invite), "INVITE sip:1@h");
        let ok = b"SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\n\r\n";
        assert_eq!(heading(ok).label, "200 OK (BYE)");
        for torn in [&b""[..], b"\r\n", b"SIP/2.0 ", b"\xff\xfe\x1b[2J"] {
            assert!(!heading(torn).label.contains('\u{1b}'));
        }
    }
}
