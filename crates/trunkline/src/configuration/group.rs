//! How a trunk is named in our calls to it.

use serde::Deserialize;

/// `[trunk.NAME.group]`: the trunk group of calls to it, where one address of a platform serves the trunks of many.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Group {
    /// The name that From says they come from: `;otg=` in its URI. Default: none.
    pub otg: Option<String>,
    /// The name that the Request-URI says they go to: `;tgrp=` (RFC 4904). Default: none.
    pub tgrp: Option<String>,
    /// Where that name is known, a domain or a number: `;trunk-context=`. Needed beside `tgrp`.
    pub context: Option<String>,
}
