//! The reader's own hand on the pace.

/// How much faster or slower than the page's own pace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Speed {
    /// A quarter.
    Quarter,
    /// Half.
    Half,
    /// As the page paces itself.
    #[default]
    One,
    /// Twice.
    Two,
    /// Five times.
    Five,
    /// Ten times.
    Ten,
}

impl Speed {
    /// From slow to fast.
    pub const ALL: [Speed; 6] = [Speed::Quarter, Speed::Half, Speed::One, Speed::Two, Speed::Five, Speed::Ten];

    /// The number to multiply with.
    pub fn factor(self) -> f64 {
        match self {
            Speed::Quarter => 0.25,
            Speed::Half => 0.5,
            Speed::One => 1.0,
            Speed::Two => 2.0,
            Speed::Five => 5.0,
            Speed::Ten => 10.0,
        }
    }

    /// As it stands on its button; the same in every language.
    pub fn label(self) -> &'static str {
        match self {
            Speed::Quarter => "¼×",
            Speed::Half => "½×",
            Speed::One => "1×",
            Speed::Two => "2×",
            Speed::Five => "5×",
            Speed::Ten => "10×",
        }
    }

    /// Its name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Speed::Quarter => "0.25",
            Speed::Half => "0.5",
            Speed::One => "1",
            Speed::Two => "2",
            Speed::Five => "5",
            Speed::Ten => "10",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Speed> {
        Self::ALL.into_iter().find(|speed| speed.name() == name)
    }

    /// The next slower one, or itself.
    pub fn slower(self) -> Speed {
        Self::ALL.into_iter().rev().find(|speed| *speed < self).unwrap_or(self)
    }

    /// The next faster one, or itself.
    pub fn faster(self) -> Speed {
        Self::ALL.into_iter().find(|speed| *speed > self).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slower_and_faster_walk_the_same_stairs() {
        assert_eq!(Speed::One.faster(), Speed::Two);
        assert_eq!(Speed::One.slower(), Speed::Half);
        assert_eq!(Speed::Ten.faster(), Speed::Ten);
        assert_eq!(Speed::Quarter.slower(), Speed::Quarter);
        assert!(Speed::ALL.windows(2).all(|pair| pair[0].factor() < pair[1].factor()));
    }
}
