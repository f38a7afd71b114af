//! Grant: what the 200 to a REGISTER says about our binding (RFC 3261 §10.2.4, RFC 3608).

use std::net::SocketAddr;
use std::time::Duration;

use crate::endpoint::config::ROUTES_MAX;
use crate::header::Name;
use crate::message::Message;
use crate::name_addr::NameAddr;

use super::account::EXPIRES_MAX_S;

/// What was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// How long the binding stands, a day at most.
    pub expires: Duration,
    /// Whether our Contact is among those that the registrar lists.
    pub listing: Listing,
    /// How many Contacts it lists.
    pub contacts: usize,
    /// Where the registrar saw us, if it says so: `received` and `rport`.
    pub seen_as: Option<SocketAddr>,
    /// The way that our calls shall take, nearest proxy first.
    pub service_route: Vec<Box<str>>,
}

/// Whether a registrar lists our Contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// It does.
    Ours,
    /// It lists others only: another device may have taken the account.
    Others,
    /// It lists none, as it must not.
    None,
}

impl Grant {
    /// Reads the 200 to a REGISTER that asked for `asked_s` seconds for `contact`.
    pub(super) fn read(message: &Message, contact: &str, asked_s: u32) -> Self {
        let listed: Vec<NameAddr<'_>> = message.addresses(Name::Contact).flatten().collect();
        let own = NameAddr::parse(contact).ok();
        let ours = own.and_then(|own| ours(&listed, &own));
        let listing = match (ours, listed.is_empty()) {
            (Some(_), _) => Listing::Ours,
            (None, true) => Listing::None,
            (None, false) => Listing::Others,
        };
        let own_s = ours
            .and_then(|own| own.params().value("expires"))
            .and_then(|seconds| seconds.parse().ok());
        let all_s = || message.number(Name::Expires).ok().flatten();
        let granted_s = own_s.or_else(all_s).unwrap_or(asked_s).min(EXPIRES_MAX_S);
        Grant {
            expires: Duration::from_secs(u64::from(granted_s)),
            listing,
            contacts: listed.len(),
            seen_as: seen_as(message),
            service_route: service_route(message),
        }
    }
}

/// Our own among several. A registrar behind a translation of addresses may have changed the host of an only one.
fn ours<'a, 'b>(listed: &'b [NameAddr<'a>], own: &NameAddr<'_>) -> Option<&'b NameAddr<'a>> {
    let same = listed
        .iter()
        .find(|contact| contact.uri().is_equivalent(&own.uri()));
    same.or(match listed {
        [only] if only.uri().user() == own.uri().user() => Some(only),
        _ => None,
    })
}

fn seen_as(message: &Message) -> Option<SocketAddr> {
    let via = message.top_via().ok()?;
    let port = via.rport().flatten()?;
    Some(SocketAddr::new(via.received()?, port))
}

fn service_route(message: &Message) -> Vec<Box<str>> {
    message
        .headers(Name::ServiceRoute)
        .filter(|route| NameAddr::parse(route).is_ok() && !route.chars().any(char::is_control))
        .take(ROUTES_MAX)
        .map(Into::into)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &str) -> Grant {
        let text = format!("SIP/2.0 200 OK\r\n{headers}\r\n").replace('\n', "\n");
        let message = Message::parse(text.into()).unwrap();
        let contact = "<sip:me@192.0.2.1:5060;transport=tcp>;reg-id=1";
        Grant::read(&message, contact, 300)
    }

    fn seconds(grant: &Grant) -> u64 {
        grant.expires.as_secs()
    }

    #[test]
    fn our_own_contact_says_how_long() {
        let many = "Expires: 7\r\nContact: <sip:other@192.0.2.9>;expires=9, \
             \"x\" <sip:me@192.0.2.1:5060;transport=TCP>;expires=120;q=0.5\r\nm: <sip:me@192.0.2.3>;expires=1\r\n";
        let grant = read(many);
        assert_eq!(
            (seconds(&grant), grant.listing, grant.contacts),
            (120, Listing::Ours, 3)
        );
    }

    #[test]
    fn without_a_parameter_the_header_counts_and_then_what_was_asked() {
        let own = "Contact: <sip:me@192.0.2.1:5060;transport=tcp>\r\n";
        assert_eq!(seconds(&read(&format!("{own}Expires: 60\r\n"))), 60);
        assert_eq!(seconds(&read(own)), 300);
        let odd = "Contact: <sip:me@192.0.2.1:5060;transport=tcp>;expires=soon\r\nExpires: x\r\n";
        assert_eq!(seconds(&read(odd)), 300);
        let long = "Contact: <sip:me@192.0.2.1:5060;transport=tcp>;expires=4294967295\r\n";
        assert_eq!(seconds(&read(long)), 86_400);
        assert_eq!(
            seconds(&read(
                "Contact: <sip:me@192.0.2.1:5060;transport=tcp>;expires=0\r\n"
            )),
            0
        );
    }

    #[test]
    fn a_contact_that_was_changed_on_the_way_is_ours_and_somebody_elses_is_not() {
        let changed = read("Contact: <sip:me@198.51.100.7:1024>;expires=90\r\n");
        assert_eq!((seconds(&changed), changed.listing), (90, Listing::Ours));
        let other = read("Contact: <sip:you@198.51.100.7>;expires=90\r\n");
        assert_eq!((seconds(&other), other.listing), (300, Listing::Others));
        assert_eq!(read("").listing, Listing::None);
        assert_eq!(read("Contact: *\r\n").listing, Listing::None);
    }

    #[test]
    fn where_we_were_seen_and_which_way_calls_go() {
        let grant = read(
            "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;received=198.51.100.7;rport=1024\r\n\
             Service-Route: <sip:a;lr>, <sip:b;lr>\r\nService-Route: not a route\r\n",
        );
        assert_eq!(grant.seen_as, "198.51.100.7:1024".parse().ok());
        assert_eq!(
            grant.service_route,
            ["<sip:a;lr>".into(), "<sip:b;lr>".into()]
        );
        assert_eq!(read("Via: SIP/2.0/UDP h;rport\r\n").seen_as, None);
    }
}
