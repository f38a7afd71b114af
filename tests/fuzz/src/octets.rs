//! Octets as a program: whatever libFuzzer gives is read as choices, numbers and texts, never refused.
//!
//! The reading is simple on purpose, so that the seeds can be written by hand and a small mutation is a small change
//! of the program.

/// Octets that are left.
#[derive(Clone, Copy, Debug)]
pub struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    /// All of them.
    pub fn new(octets: &'a [u8]) -> Self {
        Octets(octets)
    }

    /// True if the program is over.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One octet; 0 behind the end.
    pub fn octet(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// Two octets, the first one is the higher.
    pub fn pair(&mut self) -> u16 {
        u16::from_be_bytes([self.octet(), self.octet()])
    }

    /// Four octets, the first one is the highest.
    pub fn quad(&mut self) -> u32 {
        u32::from(self.pair()) << 16 | u32::from(self.pair())
    }

    /// An index below `end`, which is at least 1 and at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.octet()) % end.max(1)
    }

    /// One of some things; none of an empty slice.
    pub fn pick<'b, T>(&mut self, of: &'b [T]) -> Option<&'b T> {
        let at = self.below(of.len());
        of.get(at)
    }

    /// True or false.
    pub fn flip(&mut self) -> bool {
        self.octet() & 1 == 1
    }

    /// A length of two octets, then that many octets, or as many as there are.
    pub fn text(&mut self) -> &'a [u8] {
        let length = usize::from(self.pair()).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        text
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}
