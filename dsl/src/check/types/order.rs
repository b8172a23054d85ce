//! The order in which the steps of a block can run: each after those that it needs.

use std::collections::BTreeSet;

use crate::ast::Block;
use crate::check::Resolved;

/// The places of a block's steps, each behind those that it reads. Steps that wait for each other come last, in
/// the order of the file.
pub fn of(block: &Block, resolved: &Resolved) -> Vec<usize> {
    let count = block.steps.len();
    let mut waits: Vec<usize> = vec![0; count];
    let mut readers: Vec<Vec<usize>> = vec![vec![]; count];
    for (index, step) in block.steps.iter().enumerate() {
        let needs: BTreeSet<usize> =
            resolved.edges[step.id].iter().filter(|edge| edge.up == 0).map(|edge| edge.index).collect();
        for need in needs {
            if let Some(readers) = readers.get_mut(need) {
                readers.push(index);
                waits[index] += 1;
            }
        }
    }
    let mut order: Vec<usize> = (0..count).filter(|index| waits[*index] == 0).collect();
    let mut at = 0;
    while let Some(index) = order.get(at).copied() {
        at += 1;
        for reader in std::mem::take(&mut readers[index]) {
            waits[reader] -= 1;
            if waits[reader] == 0 {
                order.push(reader);
            }
        }
    }
    order.extend((0..count).filter(|index| waits[*index] > 0));
    order
}
