//! The profiles that are part of the binary: one file of `platforms/` each, sorted by name.

/// Name and text.
pub(super) const PROFILES: [(&str, &str); 26] = [
    ("8x8-byoc", include_str!("../../platforms/8x8-byoc.toml")),
    (
        "8x8-siptrunk",
        include_str!("../../platforms/8x8-siptrunk.toml"),
    ),
    ("asterisk", include_str!("../../platforms/asterisk.toml")),
    (
        "asterisk-registering",
        include_str!("../../platforms/asterisk-registering.toml"),
    ),
    ("avaya-cm", include_str!("../../platforms/avaya-cm.toml")),
    (
        "avaya-sbce",
        include_str!("../../platforms/avaya-sbce.toml"),
    ),
    (
        "avaya-session-manager",
        include_str!("../../platforms/avaya-session-manager.toml"),
    ),
    (
        "cisco-cube",
        include_str!("../../platforms/cisco-cube.toml"),
    ),
    (
        "cisco-cube-registering",
        include_str!("../../platforms/cisco-cube-registering.toml"),
    ),
    (
        "cisco-cucm",
        include_str!("../../platforms/cisco-cucm.toml"),
    ),
    ("cognigy", include_str!("../../platforms/cognigy.toml")),
    (
        "five9-agent-connect",
        include_str!("../../platforms/five9-agent-connect.toml"),
    ),
    (
        "five9-siptrunk",
        include_str!("../../platforms/five9-siptrunk.toml"),
    ),
    ("generic", include_str!("../../platforms/generic.toml")),
    (
        "generic-registered",
        include_str!("../../platforms/generic-registered.toml"),
    ),
    (
        "generic-registering",
        include_str!("../../platforms/generic-registering.toml"),
    ),
    (
        "genesys-cloud",
        include_str!("../../platforms/genesys-cloud.toml"),
    ),
    (
        "genesys-engage",
        include_str!("../../platforms/genesys-engage.toml"),
    ),
    ("ringcx", include_str!("../../platforms/ringcx.toml")),
    ("ringex", include_str!("../../platforms/ringex.toml")),
    ("telnyx", include_str!("../../platforms/telnyx.toml")),
    ("twilio", include_str!("../../platforms/twilio.toml")),
    ("vonage", include_str!("../../platforms/vonage.toml")),
    (
        "webex-cloud",
        include_str!("../../platforms/webex-cloud.toml"),
    ),
    (
        "webex-local-gateway",
        include_str!("../../platforms/webex-local-gateway.toml"),
    ),
    (
        "webex-registered",
        include_str!("../../platforms/webex-registered.toml"),
    ),
];
