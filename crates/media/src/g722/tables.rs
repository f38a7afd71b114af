//! The numbers of ITU-T G.722, tables 6 to 16.

/// What tells the quantisers of the two bands apart.
#[derive(Debug)]
pub(super) struct Quantiser {
    /// What a code stands for, in steps.
    pub levels: &'static [i32],
    /// How the logarithm of the step changes with a code.
    pub multipliers: &'static [i32],
    /// The greatest logarithm of the step.
    pub log_step_max: i32,
    /// How far the step is shifted.
    pub shift: i32,
    /// The step of the first sample.
    pub first_step: i32,
}

/// The lower band, by the four upper bits of its code.
pub(super) static LOW: Quantiser = Quantiser {
    levels: &[
        0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288,
        4_240, 2_584, 1_200, 0,
    ],
    multipliers: &[
        -60, 3_042, 1_198, 538, 334, 172, 58, -30, 3_042, 1_198, 538, 334, 172, 58, -30, -60,
    ],
    log_step_max: 18_432,
    shift: 8,
    first_step: 32,
};

/// The upper band.
pub(super) static HIGH: Quantiser = Quantiser {
    levels: &TWO_BITS,
    multipliers: &[798, -214, 798, -214],
    log_step_max: 22_528,
    shift: 10,
    first_step: 8,
};

/// What the six bits of the lower band stand for.
pub(super) static SIX_BITS: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192,
    -10_232, -9_360, -8_576, -7_856, -7_192, -6_576, -6_000, -5_456, -4_944, -4_464, -4_008,
    -3_576, -3_168, -2_776, -2_400, -2_032, -1_688, -1_360, -1_040, -728, 24_808, 21_904, 19_008,
    16_704, 14_984, 13_512, 12_280, 11_192, 10_232, 9_360, 8_576, 7_856, 7_192, 6_576, 6_000,
    5_456, 4_944, 4_464, 4_008, 3_576, 3_168, 2_776, 2_400, 2_032, 1_688, 1_360, 1_040, 728, 432,
    136, -432, -136,
];

/// What the two bits of the upper band stand for.
pub(super) static TWO_BITS: [i32; 4] = [-7_408, -1_616, 7_408, 1_616];

/// The upper decision values of the lower band; beyond the last is the outermost interval.
pub(super) static LOW_DECISIONS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1_023,
    1_121, 1_219, 1_339, 1_458, 1_612, 1_765, 1_980, 2_195, 2_557, 2_919,
];

/// The code of each interval below zero.
pub(super) static LOW_NEGATIVE: [u8; 30] = [
    63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10,
    9, 8, 7, 6, 5, 4,
];

/// The code of each interval above zero.
pub(super) static LOW_POSITIVE: [u8; 30] = [
    61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38,
    37, 36, 35, 34, 33, 32,
];

/// The one decision value of the upper band.
pub(super) const UPPER_DECISION: i32 = 564;

/// The steps by the fraction of their logarithm.
pub(super) static STEPS: [i32; 32] = [
    2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656,
    2_714, 2_774, 2_834, 2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520,
    3_597, 3_676, 3_756, 3_838, 3_922, 4_008,
];

/// Every second tap of the mirror filter; the others are the same in reverse.
pub(super) static MIRROR: [i32; 12] = [3, -11, 12, 32, -210, 951, 3_876, -805, 362, -156, 53, -11];
