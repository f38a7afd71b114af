//! The few words of TwiML that a bot writes when it is done with a caller: `<Hangup/>`, and `<Dial>` to a number, a name or
//! a SIP URI. Anything else is refused by name, never left out in silence.

/// What a document asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The end of the call.
    HangUp,
    /// The caller shall be passed on: a name, a `tel:` or a SIP URI.
    Transfer(String),
}

/// A document as it is read.
struct Reader<'a> {
    rest: &'a str,
}

/// A start tag.
struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
    is_empty: bool,
}

/// Octets of a target: more than any URI that is called.
const TARGET_MAX_BYTES: usize = 2_048;

/// What a document asks for, or why not, in words for whoever wrote it.
pub(crate) fn read(text: &str) -> Result<Wish, String> {
    let mut reader = Reader { rest: text };
    reader.skip_prolog()?;
    let root = reader.tag()?;
    if root.name != "Response" {
        return Err(format!(
            "it begins with <{}> and not with <Response>",
            shown(root.name)
        ));
    }
    let wish = match root.is_empty {
        // Behind its last verb a call is over.
        true => Wish::HangUp,
        false => reader.verbs()?,
    };
    reader.skip_space()?;
    match reader.rest.is_empty() {
        true => Ok(wish),
        false => Err("something stands behind </Response>".to_owned()),
    }
}

impl<'a> Reader<'a> {
    /// One verb, and `<Hangup/>` behind it if there is one.
    fn verbs(&mut self) -> Result<Wish, String> {
        let mut wish = None;
        loop {
            self.skip_space()?;
            if self.ends("Response")? {
                return Ok(wish.unwrap_or(Wish::HangUp));
            }
            let tag = self.tag()?;
            match (tag.name, &wish) {
                // Whatever stands behind it is never reached.
                ("Hangup", None | Some(Wish::Transfer(_))) => {
                    self.nothing_in(&tag)?;
                    wish.get_or_insert(Wish::HangUp);
                }
                ("Dial", None) => wish = Some(Wish::Transfer(self.dial(&tag)?)),
                ("Redirect", _) => {
                    return Err(
                        "<Redirect> is not followed, because nothing is fetched here: \
                                send the document that is there as Twiml"
                            .to_owned(),
                    );
                }
                (name, None) => {
                    return Err(format!(
                        "<{}> is not done here: <Hangup/> and <Dial> are",
                        shown(name)
                    ));
                }
                (name, Some(_)) => {
                    return Err(format!(
                        "<{}> stands where a call is over: only <Hangup/> may stand behind <Dial>",
                        shown(name)
                    ));
                }
            }
        }
    }

    /// Whom `<Dial>` names.
    fn dial(&mut self, dial: &Tag<'_>) -> Result<String, String> {
        if dial.attributes.split(char::is_whitespace).any(is_action) {
            return Err("an action of <Dial> is not fetched: leave it out".to_owned());
        }
        if dial.is_empty {
            return Err("<Dial> names nobody".to_owned());
        }
        let text = self.text()?;
        let target = match self.ends("Dial")? {
            true => number_or_name(&text),
            false if !text.is_empty() => return Err("<Dial> has text and a noun".to_owned()),
            false => {
                let noun = self.tag()?;
                let name = noun.name;
                let target = match name {
                    "Number" | "Sip" if !noun.is_empty => self.text()?,
                    "Number" | "Sip" => return Err(format!("<{name}> names nobody")),
                    _ => {
                        let shown = shown(name);
                        return Err(format!(
                            "<{shown}> is not dialed here: <Number> and <Sip> are"
                        ));
                    }
                };
                if !self.ends(name)? {
                    return Err(format!("<{name}> is not closed"));
                }
                self.skip_space()?;
                if !self.ends("Dial")? {
                    return Err("<Dial> names more than one, or is not closed".to_owned());
                }
                match name {
                    "Number" => number_or_name(&target),
                    _ => target,
                }
            }
        };
        match target.len() {
            0 => Err("<Dial> names nobody".to_owned()),
            1..=TARGET_MAX_BYTES => Ok(target),
            _ => Err(format!(
                "<Dial> takes {TARGET_MAX_BYTES} octets of a target"
            )),
        }
    }

    fn nothing_in(&mut self, tag: &Tag<'_>) -> Result<(), String> {
        if !tag.is_empty {
            self.skip_space()?;
        }
        match tag.is_empty || self.ends(tag.name)? {
            true => Ok(()),
            false => Err(format!("something stands in <{}>", tag.name)),
        }
    }

    /// `<?xml …?>`, comments and white space.
    fn skip_prolog(&mut self) -> Result<(), String> {
        self.rest = self.rest.trim_start_matches('\u{feff}').trim_start();
        if let Some(rest) = self.rest.strip_prefix("<?xml") {
            let end = rest.find("?>").ok_or("<?xml is not closed")?;
            self.rest = &rest[end + "?>".len()..];
        }
        self.skip_space()
    }

    fn skip_space(&mut self) -> Result<(), String> {
        loop {
            self.rest = self.rest.trim_start();
            let Some(rest) = self.rest.strip_prefix("<!--") else {
                return Ok(());
            };
            let end = rest.find("-->").ok_or("a comment is not closed")?;
            self.rest = &rest[end + "-->".len()..];
        }
    }

    /// Whether the end tag of that element is next; it is taken.
    fn ends(&mut self, name: &str) -> Result<bool, String> {
        let Some(rest) = self.rest.strip_prefix("</") else {
            return Ok(false);
        };
        let (found, rest) = rest.split_once('>').ok_or("an end tag is not closed")?;
        if found.trim_end() != name {
            return Err(format!("</{}> closes <{name}>", shown(found)));
        }
        self.rest = rest;
        Ok(true)
    }

    fn tag(&mut self) -> Result<Tag<'a>, String> {
        let rest = self.rest.strip_prefix('<').ok_or_else(|| {
            let text: String = self.rest.chars().take(20).collect();
            format!("there is {text:?} where an element is expected")
        })?;
        let mut quote = None;
        let end = rest.find(|c| match (quote, c) {
            (None, '>') => true,
            (None, '"' | '\'') => {
                quote = Some(c);
                false
            }
            (Some(open), c) if c == open => {
                quote = None;
                false
            }
            _ => false,
        });
        let inside = &rest[..end.ok_or("a tag is not closed")?];
        self.rest = &rest[inside.len() + 1..];
        let (inside, is_empty) = match inside.strip_suffix('/') {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let name_ends = inside.find(char::is_whitespace).unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(name_ends);
        Ok(Tag {
            name,
            attributes,
            is_empty,
        })
    }

    /// Text up to the next tag, without the white space around it.
    fn text(&mut self) -> Result<String, String> {
        let end = self.rest.find('<').ok_or("an element is not closed")?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        unescaped(text.trim())
    }
}

fn is_action(attribute: &str) -> bool {
    let name = attribute.split('=').next().unwrap_or_default();
    matches!(name, "action" | "referUrl")
}

/// A number in the form of a URI (RFC 3966), without what only makes it legible; a name as it is.
fn number_or_name(text: &str) -> String {
    let visual = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')');
    let number: String = text.chars().filter(|c| !visual(*c)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    match !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit()) {
        true => format!("tel:{number}"),
        false => text.to_owned(),
    }
}

/// The references that XML has (section 4.6), and those by number.
fn unescaped(text: &str) -> Result<String, String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';').ok_or("& stands for itself")?;
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok();
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            name => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
                (Some(digits), _) => number(digits, 16).and_then(char::from_u32),
                (None, Some(digits)) => number(digits, 10).and_then(char::from_u32),
                (None, None) => None,
            },
        };
        whole.push_str(before);
        whole.push(character.ok_or_else(|| format!("&{}; is not known", shown(name)))?);
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

/// The beginning of what somebody wrote, without what could do harm where it is shown.
fn shown(text: &str) -> String {
    let harmless = |c: char| if c.is_control() { '?' } else { c };
    text.chars().take(40).map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(target: &str) -> Result<Wish, String> {
        Ok(Wish::Transfer(target.to_owned()))
    }

    #[test]
    fn a_bot_hangs_up_or_passes_the_caller_on() {
        let cases = [
            ("<Response><Hangup/></Response>", Ok(Wish::HangUp)),
            ("<Response><Hangup></Hangup></Response>", Ok(Wish::HangUp)),
            ("<Response/>", Ok(Wish::HangUp)),
            (" <Response > </Response > ", Ok(Wish::HangUp)),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Dial>+1 (415) 555-0199</Dial></Response>",
                transfer("tel:+14155550199"),
            ),
            (
                "<Response><Dial callerId=\"+1>4\" timeout='20'><Number>4155550199</Number></Dial><Hangup/></Response>",
                transfer("tel:4155550199"),
            ),
            (
                "\u{feff}<Response>\n <!-- a > b -->\n <Dial>\n <Sip>\n sip:queue@pbx.example.com?X-Case=1&amp;X-Who=%41 </Sip> </Dial>\n</Response>\n",
                transfer("sip:queue@pbx.example.com?X-Case=1&X-Who=%41"),
            ),
            ("<Response><Dial>queue</Dial></Response>", transfer("queue")),
            (
                "<Response><Dial>R&#38;D &#x41;</Dial></Response>",
                transfer("R&D A"),
            ),
        ];
        for (text, wish) in cases {
            assert_eq!(read(text), wish, "{text}");
        }
    }

    #[test]
    fn what_is_not_done_is_refused_by_name() {
        let cases = [
            ("", "where an element is expected"),
            ("Hangup", "\"Hangup\" where an element is expected"),
            ("<Hangup/>", "<Hangup> and not with <Response>"),
            (
                "<Response><Say>Bye</Say><Hangup/></Response>",
                "<Say> is not done here",
            ),
            (
                "<Response><Redirect>/next</Redirect></Response>",
                "send the document that is there",
            ),
            (
                "<Response><Dial>1</Dial><Say>x</Say></Response>",
                "<Say> stands where a call is over",
            ),
            (
                "<Response><Dial>1</Dial><Dial>2</Dial></Response>",
                "<Dial> stands where",
            ),
            (
                "<Response><Hangup/><Dial>2</Dial></Response>",
                "<Dial> stands where",
            ),
            (
                "<Response><Dial action=\"/end\">1</Dial></Response>",
                "an action of <Dial>",
            ),
            ("<Response><Dial/></Response>", "<Dial> names nobody"),
            ("<Response><Dial> </Dial></Response>", "<Dial> names nobody"),
            (
                "<Response><Dial><Sip/></Dial></Response>",
                "<Sip> names nobody",
            ),
            (
                "<Response><Dial><Queue>a</Queue></Dial></Response>",
                "<Queue> is not dialed here",
            ),
            (
                "<Response><Dial><Number>1</Number><Number>2</Number></Dial></Response>",
                "more than one",
            ),
            (
                "<Response><Dial>1<Number>2</Number></Dial></Response>",
                "text and a noun",
            ),
            (
                "<Response><Dial>1</Number></Response>",
                "</Number> closes <Dial>",
            ),
            (
                "<Response><Dial>a&b</Dial></Response>",
                "& stands for itself",
            ),
            (
                "<Response><Dial>a&nbsp;b</Dial></Response>",
                "&nbsp; is not known",
            ),
            (
                "<Response><Dial>&#x110000;</Dial></Response>",
                "is not known",
            ),
            (
                "<Response><Hangup>now</Hangup></Response>",
                "something stands in <Hangup>",
            ),
            ("<Response><Hangup/></Response>more", "behind </Response>"),
            ("<Response><Hangup", "a tag is not closed"),
            ("<Response><!-- ", "a comment is not closed"),
        ];
        for (text, why) in cases {
            let refused = read(text).expect_err(text);
            assert!(refused.contains(why), "{text}: {refused}");
        }
        let long = format!(
            "<Response><Dial>{}</Dial></Response>",
            "x".repeat(TARGET_MAX_BYTES + 1)
        );
        assert!(read(&long).is_err());
    }

    /// Whatever is cut, doubled or put in: an answer, and no panic.
    #[test]
    fn nothing_that_is_sent_does_harm() {
        let text = "<?xml version='1.0'?><Response><!-- é --><Dial a='1>'><Sip>sip:é&amp;&#x41;@b</Sip></Dial><Hangup/></Response>";
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for &at in &places {
            let _ = read(&text[..at]);
            let _ = read(&text[at..]);
            for piece in [
                "<", ">", "&", ";", "/", "'", "\"", "</", "<!--", "&#;", "é", "\0",
            ] {
                let _ = read(&format!("{}{piece}{}", &text[..at], &text[at..]));
            }
        }
    }
}
