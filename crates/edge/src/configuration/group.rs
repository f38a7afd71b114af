//! How a trunk is named in calls of ours to it, where one address of a platform serves the trunks of many.

/// The trunk group of a trunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The name that calls come from: `;otg=` in the URI of From, as Webex Calling tells trunks apart. Default: none.
    pub origin: Option<Box<str>>,
    /// The name and the context that they go to: `;tgrp=` and `;trunk-context=` behind the user of the Request-URI (RFC
    /// 4904, section 4). Default: none.
    pub destination: Option<(Box<str>, Box<str>)>,
}

impl Group {
    /// The URI of From with its trunk group.
    pub fn from(&self, uri: &str) -> String {
        match &self.origin {
            Some(origin) => format!("{uri};otg={origin}"),
            None => uri.to_owned(),
        }
    }

    /// The Request-URI with its trunk group; one that stands there already is left as it is.
    pub fn target(&self, uri: &str) -> String {
        match (&self.destination, uri.split_once('@')) {
            (Some((name, context)), Some((user, rest))) if !user.contains(";tgrp=") => {
                format!("{user};tgrp={name};trunk-context={context}@{rest}")
            }
            _ => uri.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_stands_where_the_platform_looks_for_it() {
        let group = Group {
            origin: Some("site1_lgu".into()),
            destination: Some(("orgtrunk".into(), "byoc.example.org".into())),
        };
        assert_eq!(
            group.from("sip:+12025550142@wxc.example.com"),
            "sip:+12025550142@wxc.example.com;otg=site1_lgu"
        );
        let whole =
            "sip:+12025550160;tgrp=orgtrunk;trunk-context=byoc.example.org@byoc.example.org";
        assert_eq!(group.target("sip:+12025550160@byoc.example.org"), whole);
        assert_eq!(group.target(whole), whole);
        assert_eq!(group.target("sip:byoc.example.org"), "sip:byoc.example.org");
        let none = Group::default();
        assert_eq!(none.from("sip:a@b"), "sip:a@b");
        assert_eq!(none.target("sip:a@b"), "sip:a@b");
    }
}
