//! What the capture of SIP messages may not hold: credentials, SRTP keys, and digits unless the trunk stores them.
//! They are masked octet by octet, so that lengths stay as they were sent.

/// The octet that stands for one that was cut.
const MASK: u8 = b'x';

/// Whether digits in an INFO are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitsInCapture {
    /// They are.
    Masked,
    /// The trunk stores them.
    Kept,
}

/// The message without what must not be kept (RFC 3261 section 22.4, RFC 4568 section 6.1).
pub fn redact(message: &[u8], digits: DigitsInCapture) -> Vec<u8> {
    let mut kept = message.to_vec();
    let masks_body = digits == DigitsInCapture::Masked && starts_with(message, b"INFO ");
    let mut in_secret = false;
    let mut in_body = false;
    let mut start = 0;
    while start < kept.len() {
        let end = start
            + kept[start..]
                .iter()
                .position(|&octet| octet == b'\n')
                .map_or(kept.len() - start, |at| at + 1);
        let line = &mut kept[start..end];
        if in_body {
            redact_body_line(line, masks_body);
        } else if matches!(&*line, b"\r\n" | b"\n") {
            in_body = true;
        } else if matches!(line.first(), Some(b' ' | b'\t')) {
            // A folded line goes on with the value of the line before.
            if in_secret {
                mask(line);
            }
        } else {
            let name = SECRETS.iter().find(|name| is_field(line, name));
            in_secret = name.is_some();
            if let Some(name) = name {
                mask(&mut line[name.len() + 1..]);
            }
        }
        start = end;
    }
    kept
}

/// Header fields that hold credentials, or the server's proof that it has them too: whoever sees one can try passwords
/// against it as fast as he computes.
const SECRETS: [&[u8]; 4] = [
    b"Authorization",
    b"Proxy-Authorization",
    b"Authentication-Info",
    b"Proxy-Authentication-Info",
];

fn redact_body_line(line: &mut [u8], masks_digits: bool) {
    if starts_with(line, b"a=crypto:") {
        mask(&mut line[9..]);
    } else if masks_digits {
        // `Signal=5` of application/dtmf-relay, or the digit alone of application/dtmf.
        let at = if starts_with(line, b"Signal") {
            line.iter()
                .position(|&octet| octet == b'=')
                .map_or(line.len(), |at| at + 1)
        } else if line.contains(&b'=') {
            line.len()
        } else {
            0
        };
        mask(&mut line[at..]);
    }
}

/// `Name:`, with white space before the colon as old senders write it.
fn is_field(line: &[u8], name: &[u8]) -> bool {
    starts_with(line, name)
        && line[name.len()..]
            .iter()
            .find(|octet| !matches!(octet, b' ' | b'\t'))
            .is_some_and(|&octet| octet == b':')
}

fn starts_with(line: &[u8], prefix: &[u8]) -> bool {
    line.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn mask(text: &mut [u8]) {
    for octet in text {
        if !matches!(octet, b'\r' | b'\n' | b' ' | b'\t' | b':') {
            *octet = MASK;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, digits: DigitsInCapture, kept: &str) {
        assert_eq!(
            String::from_utf8(redact(message.as_bytes(), digits)).unwrap(),
            kept
        );
    }

    #[test]
    fn credentials_are_cut_also_when_folded_or_oddly_written() {
        check(
            "INVITE sip:a SIP/2.0\r\nauthorization : Digest a=\"b\"\r\n\tc\r\nTo: z\r\n\r\n",
            DigitsInCapture::Masked,
            "INVITE sip:a SIP/2.0\r\nauthorization : xxxxxx xxxxx\r\n\tx\r\nTo: z\r\n\r\n",
        );
        check(
            "X y\r\nProxy-Authorization: D s\r\nAuthorization-Info: k\r\n\r\nAuthorization: body",
            DigitsInCapture::Kept,
            "X y\r\nProxy-Authorization: x x\r\nAuthorization-Info: k\r\n\r\nAuthorization: body",
        );
    }

    /// What the endpoint writes for a challenge, and what a server proves; the challenge itself is no secret.
    #[test]
    fn an_answer_to_a_challenge_is_cut_and_the_challenge_is_kept() {
        use sip::digest::{Credential, Credentials, Secret, Sessions};
        let password = Secret::Password("hunter2".into());
        let account = Credential::new(None, "trunk", password).unwrap();
        let mut sessions = Sessions::new(Credentials::new(vec![account]).unwrap());
        let challenge = "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\",nonce=\"n\",qop=\"auth\"\r\n\
             Proxy-Authenticate: Digest realm=\"p\",nonce=\"o\"\r\n\r\n";
        let refusal = sip::Message::parse(challenge.into()).unwrap();
        sessions.take(&refusal, &[], 7).unwrap();
        let mut register = "REGISTER sip:r SIP/2.0\r\n".to_owned();
        for shown in sessions.present(&sip::Method::Register, "sip:r") {
            let (name, value) = shown.header();
            assert!(value.contains("response=\""));
            register.push_str(&format!("{name}: {value}\r\n"));
        }
        register.push_str("Expires: 60\r\n\r\n");
        let kept = redact(register.as_bytes(), DigitsInCapture::Kept);
        let kept = String::from_utf8(kept).unwrap();
        let lines: Vec<&str> = kept.lines().collect();
        assert_eq!((lines.len(), lines[3]), (5, "Expires: 60"));
        for (line, name) in [(1, "Authorization"), (2, "Proxy-Authorization")] {
            let (found, value) = lines[line].split_once(": ").unwrap();
            assert_eq!(found, name);
            assert!(
                value.chars().all(|c| matches!(c, 'x' | ' ' | ':')),
                "{value}"
            );
        }
        check(challenge, DigitsInCapture::Masked, challenge);
        check(
            "SIP/2.0 200 OK\r\nAuthentication-Info: rspauth=\"0f\"\r\nproxy-authentication-info:q\r\n\r\n",
            DigitsInCapture::Masked,
            "SIP/2.0 200 OK\r\nAuthentication-Info: xxxxxxxxxxxx\r\nproxy-authentication-info:x\r\n\r\n",
        );
    }

    #[test]
    fn digits_and_keys_are_cut_where_they_stand() {
        let info = "INFO sip:a SIP/2.0\r\nl: 1\r\n\r\nSignal=5\r\nDuration=160\r\n";
        check(info, DigitsInCapture::Masked, &info.replace("=5", "=x"));
        check(info, DigitsInCapture::Kept, info);
        check(
            "INFO a\r\n\r\n5",
            DigitsInCapture::Masked,
            "INFO a\r\n\r\nx",
        );
        check("BYE a\r\n\r\n5", DigitsInCapture::Masked, "BYE a\r\n\r\n5");
        check(
            "SIP/2.0 200 OK\r\n\r\nv=0\r\na=crypto:1 K inline:Zm9v\r\nm=x\r\n",
            DigitsInCapture::Kept,
            "SIP/2.0 200 OK\r\n\r\nv=0\r\na=crypto:x x xxxxxx:xxxx\r\nm=x\r\n",
        );
    }

    #[test]
    fn no_octets_are_added_or_lost() {
        for message in [
            "",
            "\n",
            "\r\n\r\n",
            "Authorization",
            "Authorization:",
            "INFO \r\n\r\nSignal",
        ] {
            assert_eq!(
                redact(message.as_bytes(), DigitsInCapture::Masked).len(),
                message.len()
            );
        }
    }
}
