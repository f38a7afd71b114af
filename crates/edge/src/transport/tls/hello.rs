//! The versions in a hello (RFC 8446 section 4.1, 4.2.1): what the peer offered or chose, for whoever wonders why the
//! handshake failed. Reads only, and gives up at the first octet that does not fit.

/// The versions that the peer's first octets name, such as `1.2, 1.3`; none if they hold no hello.
pub(super) fn versions(head: &[u8]) -> Option<String> {
    let mut record = Octets(head);
    if record.byte()? != HANDSHAKE {
        return None;
    }
    record.skip(4)?;
    let kind = record.byte()?;
    record.skip(3)?;
    let legacy = record.number()?;
    record.skip(32)?;
    record.block(Octets::byte_length)?;
    match kind {
        CLIENT_HELLO => {
            record.block(Octets::length)?;
            record.block(Octets::byte_length)?;
        }
        SERVER_HELLO => record.skip(3)?,
        _ => return None,
    }
    let named = record
        .block(Octets::length)
        .and_then(|extensions| supported(extensions, kind));
    let named = named.unwrap_or_else(|| vec![legacy]);
    let mut names: Vec<_> = named.into_iter().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The extension supported_versions: a list in a client's hello, one in a server's.
fn supported(mut extensions: Octets<'_>, kind: u8) -> Option<Vec<u16>> {
    loop {
        let extension = extensions.number()?;
        let mut value = extensions.block(Octets::length)?;
        if extension != SUPPORTED_VERSIONS {
            continue;
        }
        if kind == CLIENT_HELLO {
            value = value.block(Octets::byte_length)?;
        }
        return Some(std::iter::from_fn(|| value.number()).collect());
    }
}

/// What people call it; none for the invented ones that keep peers tolerant (RFC 8701).
fn name(version: u16) -> Option<&'static str> {
    match version {
        0x0300 => Some("SSL 3.0"),
        0x0301 => Some("1.0"),
        0x0302 => Some("1.1"),
        0x0303 => Some("1.2"),
        0x0304 => Some("1.3"),
        _ => None,
    }
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const SUPPORTED_VERSIONS: u16 = 43;

/// Octets that are read from the front.
#[derive(Clone, Copy)]
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn byte_length(&mut self) -> Option<usize> {
        self.byte().map(usize::from)
    }

    fn length(&mut self) -> Option<usize> {
        self.number().map(usize::from)
    }

    fn skip(&mut self, octets: usize) -> Option<()> {
        self.0 = self.0.get(octets..)?;
        Some(())
    }

    /// What stands behind its length.
    fn block(&mut self, length: fn(&mut Self) -> Option<usize>) -> Option<Octets<'a>> {
        let length = length(self)?;
        let block = self.0.get(..length)?;
        self.skip(length)?;
        Some(Octets(block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(kind: u8, legacy: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = legacy.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.extend([1, 9]);
        if kind == CLIENT_HELLO {
            body.extend([0, 2, 0x13, 1, 1, 0]);
        } else {
            body.extend([0x13, 1, 0]);
        }
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        let mut record = vec![HANDSHAKE, 3, 1, 0, 0, kind, 0, 0, 0];
        record.extend(body);
        record
    }

    #[test]
    fn what_is_offered_and_what_is_chosen_is_read() {
        let both = [0, 5, 0, 1, 1, 0, 43, 0, 7, 6, 0x3a, 0x3a, 3, 4, 3, 3];
        let offered = hello(CLIENT_HELLO, 0x0303, &both);
        assert_eq!(versions(&offered).unwrap(), "1.2, 1.3");
        assert_eq!(versions(&hello(CLIENT_HELLO, 0x0301, &[])).unwrap(), "1.0");
        let chosen = hello(SERVER_HELLO, 0x0303, &[0, 43, 0, 2, 3, 4]);
        assert_eq!(versions(&chosen).unwrap(), "1.3");
    }

    #[test]
    fn anything_else_tells_nothing() {
        let whole = hello(CLIENT_HELLO, 0x0303, &[0, 43, 0, 3, 2, 3, 4]);
        for length in 0..44 {
            assert_eq!(versions(&whole[..length]), None, "{length}");
        }
        assert_eq!(versions(b"OPTIONS sip:edge SIP/2.0\r\n"), None);
        assert_eq!(versions(&[21, 3, 3, 0, 2, 2, 70]), None);
    }
}
