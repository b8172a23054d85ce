//! Which names of runs are taken. Names usually grow with the time, so that nearly all new ones are told from those that are
//! taken without a look into the store.

use std::collections::BTreeSet;

use engine::run::RunId;

/// How many of the greatest names are remembered.
const MOST: usize = 4096;

/// The greatest names that are taken.
#[derive(Debug)]
pub(super) struct Names {
    /// All that are taken and greater than this one are remembered; without it, all.
    floor: Option<RunId>,
    greatest: BTreeSet<RunId>,
}

/// What is known of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Taken,
    Free,
    /// The store has to be asked.
    Nothing,
}

impl Names {
    /// Where no name is taken that is greater than this one.
    pub fn above(floor: Option<RunId>) -> Names {
        Names { floor, greatest: BTreeSet::new() }
    }

    /// What is known of a name.
    pub fn of(&self, run: &RunId) -> Known {
        match &self.floor {
            _ if self.greatest.contains(run) => Known::Taken,
            Some(floor) if run <= floor => Known::Nothing,
            Some(_) | None => Known::Free,
        }
    }

    /// Remembers that a name is taken, or may be.
    pub fn take(&mut self, run: &RunId) {
        if self.floor.as_ref().is_some_and(|floor| run <= floor) {
            return;
        }
        self.greatest.insert(run.clone());
        if self.greatest.len() > MOST {
            self.floor = self.greatest.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> RunId {
        RunId(format!("r{number:06}").into())
    }

    #[test]
    fn none_that_is_taken_is_ever_free() {
        let mut names = Names::above(Some(name(500)));
        assert_eq!(names.of(&name(500)), Known::Nothing);
        assert_eq!(names.of(&name(501)), Known::Free);
        // Out of their order, as they come from many who start.
        let mut taken: Vec<usize> = (0..3 * MOST).map(|at| 501 + at * 7919 % (3 * MOST)).collect();
        for (at, number) in taken.iter().enumerate() {
            names.take(&name(*number));
            for earlier in taken[..=at].iter().rev().step_by(97) {
                assert_ne!(names.of(&name(*earlier)), Known::Free, "{earlier} after {number}");
            }
        }
        taken.sort_unstable();
        assert_eq!(names.of(&name(taken[taken.len() - 1])), Known::Taken);
        assert_eq!(names.of(&name(taken[taken.len() - 1] + 1)), Known::Free);
        assert_eq!(names.greatest.len(), MOST);
    }
}
