//! Who can see what: the blocks around a place, their steps and the names that are read bare there.

use std::collections::BTreeMap;

use crate::ast::Step;
use crate::span::Span;
use crate::workflow::{NeedKind, Phase};

/// What every step reads.
#[derive(Debug, Default)]
pub struct Resolved {
    /// By the id of the reader.
    pub edges: Vec<Vec<Edge>>,
    /// By the id of a step: true if anything reads it or comes after it.
    pub read: Vec<bool>,
}

/// One step that another needs.
#[derive(Clone, Debug)]
pub struct Edge {
    /// How many blocks outward it stands.
    pub up: usize,
    /// Its place in that block.
    pub index: usize,
    /// Its id.
    pub id: usize,
    /// What for.
    pub kind: NeedKind,
    /// Where it is named.
    pub span: Span,
    /// True where the reader names it itself, false where a step inside the reader does.
    pub own: bool,
}

/// A block around the place that is looked at.
#[derive(Debug, Default)]
pub struct Frame<'a> {
    /// Its steps by name.
    pub steps: BTreeMap<&'a str, Place>,
    /// Loop variables and what else the block brings.
    pub bare: Vec<&'a str>,
    /// In which part of the block the place is.
    pub now: Phase,
}

/// A step of a frame.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its place in the block.
    pub index: usize,
    /// Its id; several where the cases of a `switch` have steps of one name.
    pub ids: Vec<usize>,
    /// Its part of the block.
    pub phase: Phase,
    /// Where its name stands.
    pub span: Span,
}

impl<'a> Frame<'a> {
    /// Makes a frame of a block's steps.
    pub fn new(steps: &'a [Step], bare: Vec<&'a str>) -> Frame<'a> {
        let mut frame = Frame { bare, ..Frame::default() };
        frame.add(steps);
        frame
    }

    /// Adds the steps of one more block; of two with one name the first place is kept.
    pub fn add(&mut self, steps: &'a [Step]) {
        for (index, step) in steps.iter().enumerate() {
            let place = Place { index, ids: vec![], phase: step.phase, span: step.name.span };
            self.steps.entry(&step.name.value).or_insert(place).ids.push(step.id);
        }
    }
}

/// Finds a step by name, from the innermost frame outward.
pub fn find<'f>(frames: &'f [Frame<'_>], name: &str) -> Option<(usize, &'f Place)> {
    frames.iter().rev().enumerate().find_map(|(up, frame)| Some((up, frame.steps.get(name)?)))
}
