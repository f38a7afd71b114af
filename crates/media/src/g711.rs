//! G.711: µ-law and A-law to 16 bit linear and back, and straight into each other.
//!
//! A code has a sign, a segment of three bits and a step of four. µ-law stores the complement of its
//! bits, A-law inverts the even ones. Straight from law to law go tables 3 and 4 of the
//! recommendation: they lose less than the way through linear samples, and A to µ to A is the
//! identity but in eight pairs of steps.

#![expect(
    clippy::as_conversions,
    reason = "tables are built by const fn, where From is not available"
)]

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// µ-law: North America and Japan.
    Mu,
    /// A-law: everywhere else.
    A,
}

/// One code as 16 bit linear.
pub fn decode(law: Law, code: u8) -> i16 {
    LINEAR[law as usize][code as usize]
}

/// A 16 bit linear sample as a code.
pub fn encode(law: Law, sample: i16) -> u8 {
    match law {
        Law::Mu => encode_mu(sample),
        Law::A => encode_a(sample),
    }
}

/// The code of silence.
pub fn silence(law: Law) -> u8 {
    encode(law, 0)
}

/// The table from one law to the other; none if they are the same.
pub fn between(from: Law, to: Law) -> Option<&'static [u8; 256]> {
    match (from, to) {
        (Law::Mu, Law::A) => Some(&MU_TO_A),
        (Law::A, Law::Mu) => Some(&A_TO_MU),
        (Law::Mu, Law::Mu) | (Law::A, Law::A) => None,
    }
}

const fn encode_mu(sample: i16) -> u8 {
    let magnitude = sample.unsigned_abs();
    let clipped = if magnitude > MU_CLIP {
        MU_CLIP
    } else {
        magnitude
    };
    let biased = clipped + MU_BIAS;
    let segment = 8 - biased.leading_zeros();
    let step = (biased >> (segment + 3)) & 0x0f;
    let value = ((segment as u8) << 4) | step as u8;
    if sample < 0 {
        value ^ 0x7f
    } else {
        value ^ 0xff
    }
}

const fn encode_a(sample: i16) -> u8 {
    // The decision values of a negative sample are closed on the other side.
    let magnitude = if sample < 0 { !sample } else { sample } as u16;
    let steps = magnitude >> 4;
    let value = if steps < 32 {
        steps as u8
    } else {
        let segment = 12 - steps.leading_zeros();
        ((segment as u8) << 4) | ((steps >> (segment - 1)) & 0x0f) as u8
    };
    if sample < 0 {
        value ^ 0x55
    } else {
        value ^ 0xd5
    }
}

const fn decode_mu(code: u8) -> i16 {
    let value = !code;
    let segment = (value >> 4) & 7;
    let magnitude = ((((value & 0x0f) as i16) << 3) + MU_BIAS as i16) << segment;
    let magnitude = magnitude - MU_BIAS as i16;
    if value & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

const fn decode_a(code: u8) -> i16 {
    let value = code ^ 0x55;
    let segment = (value >> 4) & 7;
    let step = ((value & 0x0f) as i16) << 4;
    let magnitude = if segment == 0 {
        step + 8
    } else {
        (step + 0x108) << (segment - 1)
    };
    if value & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

const fn linear() -> [[i16; 256]; 2] {
    let mut table = [[0; 256]; 2];
    let mut code = 0;
    while code < 256 {
        table[Law::Mu as usize][code] = decode_mu(code as u8);
        table[Law::A as usize][code] = decode_a(code as u8);
        code += 1;
    }
    table
}

const fn law_to_law(values: &[u8; 128], from_positive: u8, to_positive: u8) -> [u8; 256] {
    let mut table = [0; 256];
    let mut value = 0;
    while value < 128 {
        let (from, to) = (value as u8 ^ from_positive, values[value] ^ to_positive);
        table[from as usize] = to;
        table[(from ^ 0x80) as usize] = to ^ 0x80;
        value += 1;
    }
    table
}

/// Table 3: the A-law value of each µ-law value, counted from 0, as the runs that it is made of.
const fn mu_to_a_values() -> [u8; 128] {
    let mut table = [0; 128];
    let mut mu = 0;
    while mu < 128 {
        let value = mu as u8;
        table[mu] = match value {
            // The two lowest segments of µ-law have half the step of A-law's.
            0..=15 => value / 2,
            16..=32 => value - 8,
            33..=35 => 26 + 2 * (value - 33),
            36..=47 => value - 4,
            48 => 45,
            49..=63 => value - 2,
            64..=80 => value - 1,
            81..=127 => value,
            128.. => 0,
        };
        mu += 1;
    }
    table
}

/// Table 4: the µ-law value of each A-law value.
const fn a_to_mu_values() -> [u8; 128] {
    let mut table = [0; 128];
    let mut a = 0;
    while a < 128 {
        let value = a as u8;
        table[a] = match value {
            0..=7 => 2 * value + 1,
            8..=24 => value + 8,
            25..=31 => 32 + (value - 24) / 2,
            32..=44 => value + 4,
            45 => 48,
            46 | 47 => 49,
            48..=62 => value + 2,
            63..=79 => value + 1,
            80..=127 => value,
            128.. => 0,
        };
        a += 1;
    }
    table
}

const MU_BIAS: u16 = 132;
const MU_CLIP: u16 = 32_635;
static LINEAR: [[i16; 256]; 2] = linear();
static MU_TO_A: [u8; 256] = law_to_law(&mu_to_a_values(), 0xff, 0xd5);
static A_TO_MU: [u8; 256] = law_to_law(&a_to_mu_values(), 0xd5, 0xff);

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of a µ-law code by the definition: segment s has 16 steps of 2^(s+1), in units of
    /// 1/8159 of full scale, here times 4; the first step is half as wide.
    fn mu_by_definition(code: u8) -> i32 {
        let value = i32::from(!code);
        let (segment, step) = ((value >> 4) & 7, value & 15);
        let start: i32 = (0..segment).map(|lower| 16 << (lower + 1)).sum::<i32>() - 1;
        let middle = if segment == 0 && step == 0 {
            0
        } else {
            start + step * (2 << segment) + (1 << segment)
        };
        let magnitude = 4 * middle;
        if value & 0x80 == 0 {
            magnitude
        } else {
            -magnitude
        }
    }

    /// The value of an A-law code: segments 0 and 1 have steps of 2, then they double, in units of
    /// 1/4096 of full scale, here times 8.
    fn a_by_definition(code: u8) -> i32 {
        let value = i32::from(code ^ 0x55);
        let (segment, step) = ((value >> 4) & 7, value & 15);
        let width = |segment: i32| if segment == 0 { 2 } else { 1 << segment };
        let start: i32 = (0..segment).map(|lower| 16 * width(lower)).sum();
        let magnitude = 8 * (start + step * width(segment)) + 4 * width(segment);
        if value & 0x80 == 0 {
            -magnitude
        } else {
            magnitude
        }
    }

    fn by_definition(law: Law, code: u8) -> i32 {
        match law {
            Law::Mu => mu_by_definition(code),
            Law::A => a_by_definition(code),
        }
    }

    #[test]
    fn known_vectors() {
        let mu = [
            (0xff, 0),
            (0x7f, 0),
            (0x80, 32_124),
            (0x00, -32_124),
            (0xfe, 8),
            (0xef, 132),
            (0x8f, 16_764),
        ];
        for (code, sample) in mu {
            assert_eq!(decode(Law::Mu, code), sample, "µ {code:#x}");
        }
        let a = [
            (0xd5, 8),
            (0x55, -8),
            (0xaa, 32_256),
            (0x2a, -32_256),
            (0x85, 4_224),
            (0xd4, 24),
        ];
        for (code, sample) in a {
            assert_eq!(decode(Law::A, code), sample, "A {code:#x}");
        }
        assert_eq!((silence(Law::Mu), silence(Law::A)), (0xff, 0xd5));
    }

    #[test]
    fn every_code_decodes_to_the_middle_of_its_step() {
        for law in [Law::Mu, Law::A] {
            for code in 0..=255 {
                assert_eq!(
                    i32::from(decode(law, code)),
                    by_definition(law, code),
                    "{law:?} {code:#x}"
                );
            }
        }
    }

    /// The decision values that a code stands between, as magnitudes of 16 bit samples.
    fn decision_values(law: Law, code: u8) -> std::ops::Range<i32> {
        let (value, base, first, unit) = match law {
            Law::Mu => (i32::from(!code), 2, -1, 4),
            Law::A => (i32::from(code ^ 0x55), 1, 0, 8),
        };
        let (segment, step) = ((value >> 4) & 7, value & 15);
        let width = |segment: i32| match law {
            Law::Mu => base << segment,
            Law::A if segment == 0 => 2,
            Law::A => base << segment,
        };
        let start = first + (0..segment).map(|lower| 16 * width(lower)).sum::<i32>();
        let low = unit * (start + step * width(segment));
        low.max(0)..low + unit * width(segment)
    }

    #[test]
    fn every_sample_is_between_the_decision_values_of_its_code() {
        for law in [Law::Mu, Law::A] {
            for sample in i16::MIN..=i16::MAX {
                let code = encode(law, sample);
                let magnitude = match law {
                    Law::Mu => i32::from(sample).abs().min(32_635),
                    Law::A if sample < 0 => -i32::from(sample) - 1,
                    Law::A => i32::from(sample),
                };
                let values = decision_values(law, code);
                assert!(
                    values.contains(&magnitude),
                    "{law:?} {sample}: {code:#x} is {values:?}"
                );
                let other_zero = law == Law::Mu && code == 0x7f;
                assert_eq!(
                    decode(law, code) < 0,
                    sample < 0 && !other_zero,
                    "{law:?} {sample}"
                );
            }
        }
    }

    #[test]
    fn a_code_survives_decode_and_encode() {
        for code in 0..=255 {
            assert_eq!(encode(Law::A, decode(Law::A, code)), code);
            // µ-law has two zeros; linear has one.
            let expected = if code == 0x7f { 0xff } else { code };
            assert_eq!(encode(Law::Mu, decode(Law::Mu, code)), expected);
        }
    }

    #[test]
    fn from_law_to_law_goes_to_a_neighbour_of_the_nearest_code_and_never_turns_back() {
        for (from, to) in [(Law::Mu, Law::A), (Law::A, Law::Mu)] {
            let table = between(from, to).unwrap();
            let mut codes: Vec<u8> = (0..=255).collect();
            codes.sort_by_key(|&code| by_definition(from, code));
            let mut levels: Vec<i32> = (0..=255).map(|code| by_definition(to, code)).collect();
            levels.sort_unstable();
            let mut before = i32::MIN;
            for code in codes {
                let (level, result) = (
                    by_definition(from, code),
                    by_definition(to, table[usize::from(code)]),
                );
                let nearest = levels
                    .iter()
                    .map(|other| (other - level).abs())
                    .min()
                    .unwrap();
                let step = (level.abs() / 16).max(16);
                assert!(
                    (result - level).abs() <= nearest + step / 4,
                    "{from:?} {code:#x}"
                );
                assert!(result >= before, "{from:?} {code:#x} turns back");
                before = result;
            }
        }
    }

    #[test]
    fn the_way_there_and_back_loses_only_what_the_recommendation_says() {
        let (there, back) = (
            between(Law::A, Law::Mu).unwrap(),
            between(Law::Mu, Law::A).unwrap(),
        );
        let changed = (0..=255u8)
            .filter(|&a| back[usize::from(there[usize::from(a)])] != a)
            .count();
        // Eight pairs of A-law steps of each sign share one µ-law step; one of each pair comes back.
        assert_eq!(changed, 2 * 8);
    }
}
