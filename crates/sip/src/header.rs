//! Header names: the known ones with their compact forms, all others as sent (RFC 3261 section 7.3.3 and 20).

use std::fmt;

/// Why a header cannot be read as what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{header}: {reason}")]
pub struct HeaderError {
    /// The header's usual name.
    pub header: &'static str,
    /// What is wrong, in a few words that fit a reason phrase.
    pub reason: &'static str,
}

/// The reason of a [`HeaderError`] for a header that is not there.
pub const MISSING: &str = "missing";

impl HeaderError {
    /// True if the header is absent, false if it is there and wrong.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.reason == MISSING
    }
}

/// Whether a field may hold several values separated by commas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    One,
    List,
}

macro_rules! names {
    ($($variant:ident $text:literal $compact:literal $shape:ident;)*) => {
        /// A header name. Known names compare by variant, others without regard to case.
        #[derive(Clone, Copy, Debug)]
        #[expect(missing_docs, reason = "a variant is the header of that name")]
        pub enum Name<'a> {
            $($variant,)*
            Other(&'a str),
        }

        /// A known name, or any other: what a message keeps per line.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Known {
            $($variant,)*
            Other,
        }

        /// Sorted by first letter.
        const NAMES: &[Row] = &[$(Row {
            known: Known::$variant, text: $text, compact: $compact,
        },)*];

        impl Known {
            pub(crate) fn name(self) -> Option<Name<'static>> {
                match self {
                    $(Known::$variant => Some(Name::$variant),)*
                    Known::Other => None,
                }
            }

            fn shape(self) -> Shape {
                match self {
                    $(Known::$variant => Shape::$shape,)*
                    Known::Other => Shape::One,
                }
            }
        }

        impl Name<'_> {
            pub(crate) fn known(&self) -> Known {
                match self {
                    $(Name::$variant => Known::$variant,)*
                    Name::Other(text) => Known::of(text.as_bytes()),
                }
            }

            /// The usual spelling, or a stand-in for a name that is not known.
            pub(crate) fn text(&self) -> &'static str {
                match self {
                    $(Name::$variant => $text,)*
                    Name::Other(_) => "extension header",
                }
            }
        }
    };
}

struct Row {
    known: Known,
    text: &'static str,
    /// The compact form, lower case, or a blank.
    compact: u8,
}

names! {
    Accept "Accept" b' ' List;
    AcceptContact "Accept-Contact" b'a' List;
    AcceptEncoding "Accept-Encoding" b' ' List;
    AcceptLanguage "Accept-Language" b' ' List;
    AlertInfo "Alert-Info" b' ' List;
    Allow "Allow" b' ' List;
    AllowEvents "Allow-Events" b'u' List;
    AuthenticationInfo "Authentication-Info" b' ' One;
    Authorization "Authorization" b' ' One;
    CallId "Call-ID" b'i' One;
    CallInfo "Call-Info" b' ' List;
    Contact "Contact" b'm' List;
    ContentDisposition "Content-Disposition" b' ' One;
    ContentEncoding "Content-Encoding" b'e' List;
    ContentLength "Content-Length" b'l' One;
    ContentType "Content-Type" b'c' One;
    CSeq "CSeq" b' ' One;
    Date "Date" b' ' One;
    Diversion "Diversion" b' ' List;
    ErrorInfo "Error-Info" b' ' List;
    Event "Event" b'o' One;
    Expires "Expires" b' ' One;
    From "From" b'f' One;
    HistoryInfo "History-Info" b' ' List;
    Identity "Identity" b'y' One;
    InfoPackage "Info-Package" b' ' One;
    InReplyTo "In-Reply-To" b' ' List;
    Join "Join" b' ' One;
    MaxForwards "Max-Forwards" b' ' One;
    MimeVersion "MIME-Version" b' ' One;
    MinExpires "Min-Expires" b' ' One;
    MinSe "Min-SE" b' ' One;
    Organization "Organization" b' ' One;
    PAccessNetworkInfo "P-Access-Network-Info" b' ' List;
    PAssertedIdentity "P-Asserted-Identity" b' ' List;
    PCalledPartyId "P-Called-Party-ID" b' ' List;
    PChargingVector "P-Charging-Vector" b' ' One;
    PEarlyMedia "P-Early-Media" b' ' One;
    PPreferredIdentity "P-Preferred-Identity" b' ' List;
    Path "Path" b' ' List;
    Priority "Priority" b' ' One;
    Privacy "Privacy" b' ' One;
    ProxyAuthenticate "Proxy-Authenticate" b' ' One;
    ProxyAuthorization "Proxy-Authorization" b' ' One;
    ProxyRequire "Proxy-Require" b' ' List;
    RAck "RAck" b' ' One;
    Reason "Reason" b' ' List;
    RecordRoute "Record-Route" b' ' List;
    RecvInfo "Recv-Info" b' ' List;
    ReferSub "Refer-Sub" b' ' One;
    ReferTo "Refer-To" b'r' One;
    ReferredBy "Referred-By" b'b' One;
    RejectContact "Reject-Contact" b'j' List;
    RemotePartyId "Remote-Party-ID" b' ' List;
    Replaces "Replaces" b' ' One;
    ReplyTo "Reply-To" b' ' One;
    RequestDisposition "Request-Disposition" b'd' List;
    Require "Require" b' ' List;
    RetryAfter "Retry-After" b' ' One;
    Route "Route" b' ' List;
    RSeq "RSeq" b' ' One;
    Server "Server" b' ' One;
    ServiceRoute "Service-Route" b' ' List;
    SessionExpires "Session-Expires" b'x' One;
    SessionId "Session-ID" b' ' One;
    SipEtag "SIP-ETag" b' ' One;
    SipIfMatch "SIP-If-Match" b' ' One;
    Subject "Subject" b's' One;
    SubscriptionState "Subscription-State" b' ' One;
    Supported "Supported" b'k' List;
    TargetDialog "Target-Dialog" b' ' One;
    Timestamp "Timestamp" b' ' One;
    To "To" b't' One;
    Unsupported "Unsupported" b' ' List;
    UserAgent "User-Agent" b' ' One;
    UserToUser "User-to-User" b' ' List;
    Via "Via" b'v' List;
    Warning "Warning" b' ' List;
    WwwAuthenticate "WWW-Authenticate" b' ' One;
}

/// Where the names of each letter start in [`NAMES`]; one more at the end.
const STARTS: [usize; 27] = {
    let mut starts = [NAMES.len(); 27];
    let mut letter = 0;
    let mut lower = b'a';
    while letter < 26 {
        let mut at = 0;
        while at < NAMES.len() {
            if NAMES[at].text.as_bytes()[0].to_ascii_lowercase() >= lower {
                starts[letter] = at;
                break;
            }
            at += 1;
        }
        letter += 1;
        lower += 1;
    }
    starts
};

impl Known {
    /// Looks a name up, compact or long, in any case.
    pub(crate) fn of(name: &[u8]) -> Self {
        let Some(first) = name.first().map(u8::to_ascii_lowercase) else {
            return Self::Other;
        };
        if !first.is_ascii_lowercase() {
            return Self::Other;
        }
        if name.len() == 1 {
            let row = NAMES.iter().find(|row| row.compact == first);
            return row.map_or(Self::Other, |row| row.known);
        }
        let letter = usize::from(first - b'a');
        NAMES[STARTS[letter]..STARTS[letter + 1]]
            .iter()
            .find(|row| row.text.as_bytes().eq_ignore_ascii_case(name))
            .map_or(Self::Other, |row| row.known)
    }
}

impl<'a> Name<'a> {
    /// The name that `text` is, compact or long, in any case.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Known::of(text.as_bytes())
            .name()
            .unwrap_or(Name::Other(text))
    }

    /// The usual spelling; for another name, as given.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        match self {
            Name::Other(text) => text,
            known => known.text(),
        }
    }

    /// True if the value is a list separated by commas.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.known().shape() == Shape::List
    }

    /// An error about this header.
    #[must_use]
    pub fn error(&self, reason: &'static str) -> HeaderError {
        HeaderError {
            header: self.text(),
            reason,
        }
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Name::Other(left), Name::Other(right)) => left.eq_ignore_ascii_case(right),
            (left, right) => std::mem::discriminant(left) == std::mem::discriminant(right),
        }
    }
}

impl Eq for Name<'_> {}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_by_its_compact_form() {
        for row in NAMES {
            let name = row.known.name().unwrap();
            assert_eq!((Name::of(row.text), name.known()), (name, row.known));
            assert_eq!(Name::of(&row.text.to_ascii_uppercase()), name);
            assert_eq!(Name::of(&row.text.to_ascii_lowercase()), name);
            if row.compact != b' ' {
                let compact = char::from(row.compact).to_string();
                assert_eq!(Name::of(&compact), name);
                assert_eq!(Name::of(&compact.to_ascii_uppercase()), name);
            }
            assert_eq!(name.as_str(), row.text);
        }
    }

    #[test]
    fn the_table_is_grouped_by_first_letter() {
        let letters = NAMES
            .iter()
            .map(|row| row.text.as_bytes()[0].to_ascii_lowercase());
        assert!(letters.is_sorted());
    }

    #[test]
    fn other_names_compare_without_case() {
        assert_eq!(Name::of("X-Trunk"), Name::Other("x-tRUNK"));
        assert_ne!(Name::of("X-Trunk"), Name::Other("X-Other"));
        assert_ne!(Name::of("Subject"), Name::Other("Subject"));
        assert_eq!(Name::of("z"), Name::Other("z"));
        assert_eq!(Name::of(""), Name::Other(""));
    }
}
