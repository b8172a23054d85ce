//! How many at most: a number, and so many for each item of a loop that only the run will count.

use std::collections::BTreeMap;

/// An upper bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// What is there in any case.
    pub fixed: u64,
    /// What comes with each round of loops whose rounds are not known.
    pub open: Vec<Term>,
}

/// So many for each round of these loops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The paths of the loops, outer ones first.
    pub loops: Vec<String>,
    /// How many for each round.
    pub each: u64,
}

impl Bound {
    /// A number.
    pub fn fixed(fixed: u64) -> Bound {
        Bound { fixed, open: vec![] }
    }

    /// Of several things that all happen.
    pub fn sum<'a>(bounds: impl Iterator<Item = &'a Bound>) -> Bound {
        bounds.cloned().fold(Bound::default(), Bound::and)
    }

    /// Of two things that both happen.
    pub fn and(self, other: Bound) -> Bound {
        self.joined(other, u64::saturating_add)
    }

    /// Of two things of which one happens.
    pub fn or(self, other: Bound) -> Bound {
        self.joined(other, u64::max)
    }

    fn joined(self, other: Bound, join: fn(u64, u64) -> u64) -> Bound {
        let mut terms: BTreeMap<Vec<String>, u64> = BTreeMap::new();
        for term in self.open.into_iter().chain(other.open) {
            let known = terms.entry(term.loops).or_default();
            *known = join(*known, term.each);
        }
        let open = terms.into_iter().map(|(loops, each)| Term { loops, each });
        Bound { fixed: join(self.fixed, other.fixed), open: open.collect() }
    }

    /// So many times; where that is not known, for each round of the loop at this path.
    pub fn times(self, rounds: Option<u64>, path: &str) -> Bound {
        match rounds {
            Some(rounds) => Bound {
                fixed: self.fixed.saturating_mul(rounds),
                open: self
                    .open
                    .into_iter()
                    .map(|term| Term { each: term.each.saturating_mul(rounds), ..term })
                    .filter(|term| term.each > 0)
                    .collect(),
            },
            None => {
                let inner = self.open.into_iter().map(|term| Term {
                    loops: std::iter::once(path.to_owned()).chain(term.loops).collect(),
                    ..term
                });
                let own = (self.fixed > 0).then(|| Term { loops: vec![path.to_owned()], each: self.fixed });
                Bound { fixed: 0, open: own.into_iter().chain(inner).collect() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_loops_multiply_and_those_of_cases_do_not_add_up() {
        let open = Bound::fixed(2).times(None, "a");
        assert_eq!(open, Bound { fixed: 0, open: vec![Term { loops: vec!["a".into()], each: 2 }] });
        let nested = open.clone().and(Bound::fixed(1)).times(Some(3), "b");
        assert_eq!((nested.fixed, nested.open[0].each), (3, 6));
        assert_eq!(Bound::fixed(2).or(Bound::fixed(5)), Bound::fixed(5));
        assert_eq!(open.clone().times(None, "c").open[0].loops, ["c", "a"]);
        assert_eq!(Bound::fixed(u64::MAX).times(Some(2), "d"), Bound::fixed(u64::MAX));
    }
}
