//! The way of a leg that is dialed: to where its trunk registered from, by the proxies of its trunk, or straight.

use schemas::command::DialLeg;
use sip::dialog::leg::Reach;
use sip::{NameAddr, Param, Scheme, Uri};

use crate::configuration::{RequestUri, Trunk};
use crate::observe::sip_transport;
use crate::port::{Destination, Toward};
use crate::refusal::Refusal;
use crate::step::Step;

/// What an INVITE says of its way.
#[derive(Debug)]
pub struct Way {
    /// Request-URI.
    pub target: Box<str>,
    /// To, where it is not the same.
    pub to: Option<Box<str>>,
    /// The proxies, the nearest first.
    pub routes: Vec<Box<str>>,
    /// Whether the addresses that the peer writes can be reached.
    pub reach: Reach,
}

/// Where the INVITE of a leg is sent.
pub fn toward(
    step: &Step<'_>,
    command: &DialLeg,
    trunk: Option<&Trunk>,
) -> Result<Toward, Refusal> {
    let mut address = command.destination.clone();
    if let Some(trunk) = trunk {
        if trunk.registers {
            let binding = step.bindings.of(&trunk.name);
            let binding = binding.ok_or_else(|| not_registered(trunk))?;
            return Ok(Toward::Flow(binding.flow));
        }
        let route = || {
            let first = step.registrations.routes(&trunk.name).first()?;
            let route = NameAddr::parse(first).ok()?;
            Some(route.uri().as_str().to_owned())
        };
        if let Some(proxy) = trunk.proxy.as_deref().map(str::to_owned).or_else(route) {
            address = proxy;
        }
    }
    Ok(Toward::Destination(Destination {
        address,
        transport: sip_transport(command.transport),
        trunk: command.trunk.clone(),
    }))
}

/// What that INVITE says.
pub fn way(step: &Step<'_>, command: &DialLeg, trunk: Option<&Trunk>) -> Result<Way, Refusal> {
    let target = command.target.reveal().as_str();
    let mut way = Way {
        target: target.into(),
        to: None,
        routes: Vec::new(),
        reach: Reach::Direct,
    };
    let Some(trunk) = trunk else { return Ok(way) };
    if trunk.registers {
        let binding = step.bindings.of(&trunk.name);
        let binding = binding.ok_or_else(|| not_registered(trunk))?;
        way.to = Some(to(target, &binding.address));
        way.target = match trunk.request_uri {
            RequestUri::Contact => binding.contact.clone(),
            RequestUri::Number => number_at(target, &binding.contact),
        };
        way.reach = Reach::Translated;
        return Ok(way);
    }
    let named = trunk.group.target(target);
    if named != target {
        // The group is said to those on the way; whom the call is for stays as it is.
        way.to = Some(format!("<{target}>").into());
        way.target = named.into();
    }
    let is_loose = |proxy: &&str| Uri::parse(proxy).is_ok_and(|uri| uri.params().has("lr"));
    let proxy = trunk.proxy.as_deref().filter(is_loose);
    way.routes
        .extend(proxy.map(|proxy| format!("<{proxy}>").into()));
    let routes = step.registrations.routes(&trunk.name);
    way.routes.extend(routes.iter().cloned());
    Ok(way)
}

/// Whom the call is for, in the words of the trunk: its own domain, and the number that it shall ring.
fn to(target: &str, address: &str) -> Box<str> {
    let (Ok(wanted), Ok(own)) = (Uri::parse(target), Uri::parse(address)) else {
        return format!("<{target}>").into();
    };
    match wanted.user() {
        Some(user) => format!("<sip:{user}@{}>", own.host()).into(),
        None => format!("<{address}>").into(),
    }
}

/// The number that shall ring, at the host of a Contact and with its parameters, but for the one that says that it stands for
/// many numbers (RFC 6140 section 5.2). The Contact itself if there is no number.
fn number_at(target: &str, contact: &str) -> Box<str> {
    let (Ok(wanted), Ok(own)) = (Uri::parse(target), Uri::parse(contact)) else {
        return contact.into();
    };
    let Some(user) = wanted.user() else {
        return contact.into();
    };
    let scheme = match own.scheme() {
        Scheme::Sip => "sip",
        Scheme::Sips => "sips",
        Scheme::Tel | Scheme::Other(_) => return contact.into(),
    };
    let mut uri = format!("{scheme}:{user}@{}", own.host());
    if let Some(port) = own.port() {
        uri.push_str(&format!(":{port}"));
    }
    let is_kept = |param: &Param<'_>| !param.name.eq_ignore_ascii_case("bnc");
    for Param { name, value } in own.params().iter().filter(is_kept) {
        uri.push_str(&format!(";{name}"));
        uri.extend(value.map(|value| format!("={value}")));
    }
    uri.into()
}

fn not_registered(trunk: &Trunk) -> Refusal {
    Refusal::unavailable(format!("trunk {} is not registered here", trunk.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_at_the_host_of_the_contact() {
        let at = |contact| number_at("sip:+4930500@registered.invalid;x=y", contact);
        assert_eq!(
            &*at("sip:branch@203.0.113.9:49152;transport=tcp"),
            "sip:+4930500@203.0.113.9:49152;transport=tcp"
        );
        // RFC 6140: the Contact of many numbers has no user, and says so.
        assert_eq!(
            &*at("sips:[2001:db8::1];bnc;ob"),
            "sips:+4930500@[2001:db8::1];ob"
        );
        assert_eq!(&*at("tel:+49"), "tel:+49");
        let nobody = number_at("sip:registered.invalid", "sip:a@192.0.2.1");
        assert_eq!(&*nobody, "sip:a@192.0.2.1");
    }
}
