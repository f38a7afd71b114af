//! Spans of time in words.

/// A span of time as people say it: `45 ms`, `1.2 s`, `62 s`, `5 min 3 s`.
pub(crate) fn span(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..9_950 => {
            let tenths = (milliseconds + 50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        9_950..119_500 => format!("{} s", (milliseconds + 500) / 1_000),
        119_500..7_200_000 => {
            format!(
                "{} min {} s",
                milliseconds / 60_000,
                milliseconds / 1_000 % 60
            )
        }
        _ => format!(
            "{} h {} min",
            milliseconds / 3_600_000,
            milliseconds / 60_000 % 60
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_people_say_them() {
        let cases = [
            (45, "45 ms"),
            (1_249, "1.2 s"),
            (62_400, "62 s"),
            (9_999, "10 s"),
            (303_000, "5 min 3 s"),
            (7_260_000, "2 h 1 min"),
        ];
        for (milliseconds, text) in cases {
            assert_eq!(span(milliseconds), text);
        }
    }
}
