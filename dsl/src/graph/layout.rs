//! Boxes in layers, one below the other, and lines that go round them: each box stands below all that it waits for,
//! long lines get a lane of their own through the layers between.

use std::collections::BTreeMap;

use crate::graph::order;

/// A point in pixels: right, down.
pub type Point = (f64, f64);

/// What is to be laid out.
#[derive(Debug, Default)]
pub struct Plan {
    /// Width and height of each box.
    pub sizes: Vec<(f64, f64)>,
    /// Lines from a box to a box that stands below it. Long lines of one box with the same number share their way.
    pub lines: Vec<(usize, usize, usize)>,
}

/// Where everything stands.
#[derive(Debug, Default)]
pub struct Places {
    /// The upper left corner of each box.
    pub corners: Vec<Point>,
    /// Each line as points: from one to the next it goes straight down, or curves where it goes aside.
    pub routes: Vec<Vec<Point>>,
    /// Width and height of the whole.
    pub size: (f64, f64),
}

/// A layer becomes no wider than this; what is too much goes to the next.
const WIDEST: f64 = 1_240.0;
/// Between two boxes.
const ASIDE: f64 = 26.0;
/// Between a box and the lane of a line.
const LANE: f64 = 14.0;
/// More lanes than this say nothing; long lines go straight then.
const MOST_LANES: usize = 40_000;

/// How often everything is drawn towards its neighbours.
const ROUNDS: usize = 14;
/// Between the places at the lower edge of a box where lines of several groups begin.
const PORT: f64 = 12.0;

/// Lays out.
pub fn layout(plan: &Plan) -> Places {
    let ranks = ranks(plan);
    let mut things = Things::new(plan, &ranks);
    let ways = things.ways(plan, &ranks);
    let count = things.widths.len();
    order::sort(&mut things.layers, &things.links, count);
    let centres = things.centres();
    let left = centres.iter().zip(&things.widths).map(|(x, width)| x - width / 2.0).fold(f64::MAX, f64::min);
    let left = if left == f64::MAX { 0.0 } else { left };
    let centres: Vec<f64> = centres.iter().map(|x| x - left).collect();
    let right = centres.iter().zip(&things.widths).map(|(x, width)| x + width / 2.0).fold(0.0, f64::max);
    let (tops, bottoms) = things.heights(plan, &centres);
    let corners =
        (0..plan.sizes.len()).map(|at| (centres[at] - plan.sizes[at].0 / 2.0, tops[ranks[at]])).collect();
    let ports = ports(plan);
    let routes = ways
        .iter()
        .zip(&plan.lines)
        .map(|(way, (from, to, group))| {
            let x = centres[*from] + ports.get(&(*from, *group)).copied().unwrap_or(0.0);
            let mut route = vec![(x, tops[ranks[*from]] + plan.sizes[*from].1), (x, bottoms[ranks[*from]])];
            for (step, lane) in way.iter().enumerate() {
                let rank = ranks[*from] + 1 + step;
                route.extend([(centres[*lane], tops[rank]), (centres[*lane], bottoms[rank])]);
            }
            route.push((centres[*to], tops[ranks[*to]]));
            route
        })
        .collect();
    Places { corners, routes, size: (right, bottoms.last().copied().unwrap_or(0.0)) }
}

/// How far from the middle of its box each group of lines begins, so that none hides another.
fn ports(plan: &Plan) -> BTreeMap<(usize, usize), f64> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (from, _, group) in &plan.lines {
        let known = groups.entry(*from).or_default();
        if !known.contains(group) {
            known.push(*group);
        }
    }
    let mut ports = BTreeMap::new();
    for (from, mut known) in groups {
        known.sort_unstable();
        let middle = (known.len() as f64 - 1.0) / 2.0;
        for (at, group) in known.into_iter().enumerate() {
            ports.insert((from, group), (at as f64 - middle) * PORT);
        }
    }
    ports
}

/// The layer of each box: below all that it waits for, and where there is room.
fn ranks(plan: &Plan) -> Vec<usize> {
    let count = plan.sizes.len();
    let (mut below, mut open) = (vec![vec![]; count], vec![0_usize; count]);
    for (from, to, _) in &plan.lines {
        below[*from].push(*to);
        open[*to] += 1;
    }
    let mut ranks = vec![0; count];
    let mut used: Vec<f64> = vec![];
    let mut first = 0;
    // Boxes that wait for nothing more, by the layer that they may have at best, then in their order.
    let mut ready: std::collections::BTreeSet<(usize, usize)> =
        (0..count).filter(|at| open[*at] == 0).map(|at| (0, at)).collect();
    while let Some((least, at)) = ready.pop_first() {
        let width = plan.sizes[at].0 + ASIDE;
        let mut rank = least.max(first);
        while used.get(rank).is_some_and(|used| *used > 0.0 && used + width > WIDEST) {
            rank += 1;
        }
        used.resize(used.len().max(rank + 1), 0.0);
        used[rank] += width;
        while used.get(first).is_some_and(|used| *used + ASIDE * 4.0 > WIDEST) {
            first += 1;
        }
        ranks[at] = rank;
        for next in &below[at] {
            open[*next] -= 1;
            ranks[*next] = ranks[*next].max(rank + 1);
            if open[*next] == 0 {
                ready.insert((ranks[*next], *next));
            }
        }
    }
    ranks
}

/// Boxes, and behind them the lanes of long lines, each in its layer.
struct Things {
    boxes: usize,
    widths: Vec<f64>,
    layers: Vec<Vec<usize>>,
    links: Vec<(usize, usize)>,
}

impl Things {
    fn new(plan: &Plan, ranks: &[usize]) -> Things {
        let depth = ranks.iter().max().map_or(0, |rank| rank + 1);
        let mut layers = vec![vec![]; depth];
        ranks.iter().enumerate().for_each(|(at, rank)| layers[*rank].push(at));
        let widths = plan.sizes.iter().map(|size| size.0).collect();
        Things { boxes: plan.sizes.len(), widths, layers, links: vec![] }
    }

    /// Makes the lanes; for each line those that it passes.
    fn ways(&mut self, plan: &Plan, ranks: &[usize]) -> Vec<Vec<usize>> {
        let mut longest: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (from, to, group) in &plan.lines {
            let length = longest.entry((*from, *group)).or_default();
            *length = (*length).max(ranks[*to] - ranks[*from] - 1);
        }
        let long: usize = longest.values().sum();
        let mut lanes: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
        let mut ways = vec![];
        for (from, to, group) in &plan.lines {
            let mut way = vec![];
            let mut last = *from;
            let between = if long > MOST_LANES { 0 } else { ranks[*to] - ranks[*from] - 1 };
            for step in 0..between {
                let rank = ranks[*from] + 1 + step;
                let next = self.widths.len();
                let lane = *lanes.entry((*from, *group, rank)).or_insert(next);
                if lane == next {
                    self.widths.push(0.0);
                    self.layers[rank].push(lane);
                    self.links.push((last, lane));
                }
                way.push(lane);
                last = lane;
            }
            if ranks[*from] + way.len() + 1 == ranks[*to] {
                self.links.push((last, *to));
            }
            ways.push(way);
        }
        ways
    }

    /// The middle of each thing: as near to its neighbours as the order and the distances allow.
    fn centres(&self) -> Vec<f64> {
        let count = self.widths.len();
        let mut near: Vec<[Vec<(usize, f64)>; 2]> = vec![[vec![], vec![]]; count];
        for (upper, lower) in &self.links {
            // Lanes want to be straight, and boxes in the middle of boxes.
            let lanes = usize::from(*upper >= self.boxes) + usize::from(*lower >= self.boxes);
            let weight = [1.0, 0.3, 8.0][lanes];
            near[*upper][1].push((*lower, weight));
            near[*lower][0].push((*upper, weight));
        }
        let mut centres = vec![0.0; count];
        for layer in &self.layers {
            let mut x = 0.0;
            for (at, thing) in layer.iter().enumerate() {
                if at > 0 {
                    x += self.distance(layer[at - 1], *thing);
                }
                centres[*thing] = x;
            }
            let middle = x / 2.0;
            layer.iter().for_each(|thing| centres[*thing] -= middle);
        }
        for round in 0..ROUNDS {
            let last = round + 2 >= ROUNDS;
            let sides: &[usize] = if last { &[0, 1] } else { std::slice::from_ref(&[0, 1][round % 2]) };
            let mut pull = |layer: &Vec<usize>| {
                let wish = |thing: &usize| {
                    let near = sides.iter().flat_map(|side| &near[*thing][*side]);
                    let (sum, weight) = near.fold((0.0, 0.0), |(sum, all), (other, weight)| {
                        (sum + centres[*other] * weight, all + weight)
                    });
                    if weight > 0.0 { (sum / weight, weight) } else { (centres[*thing], 0.2) }
                };
                let wishes: Vec<(f64, f64)> = layer.iter().map(wish).collect();
                let gaps: Vec<f64> = layer.windows(2).map(|pair| self.distance(pair[0], pair[1])).collect();
                let found = spread(&wishes, &gaps);
                layer.iter().zip(found).for_each(|(thing, x)| centres[*thing] = x);
            };
            if round % 2 == 0 {
                self.layers.iter().for_each(&mut pull);
            } else {
                self.layers.iter().rev().for_each(&mut pull);
            }
        }
        centres
    }

    /// From middle to middle of two neighbours in a layer.
    fn distance(&self, left: usize, right: usize) -> f64 {
        let between = if left < self.boxes && right < self.boxes { ASIDE } else { LANE };
        self.widths[left] / 2.0 + between + self.widths[right] / 2.0
    }

    /// Top and bottom of each layer; between two there is the more room, the further lines go aside.
    fn heights(&self, plan: &Plan, centres: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut aside = vec![0.0_f64; self.layers.len()];
        let mut rank = vec![0; self.widths.len()];
        for (at, layer) in self.layers.iter().enumerate() {
            layer.iter().for_each(|thing| rank[*thing] = at);
        }
        for (upper, lower) in &self.links {
            let far = (centres[*upper] - centres[*lower]).abs();
            aside[rank[*upper]] = aside[rank[*upper]].max(far);
        }
        let (mut tops, mut bottoms, mut y) = (vec![], vec![], 0.0);
        for (at, layer) in self.layers.iter().enumerate() {
            let boxes = layer.iter().filter(|thing| **thing < self.boxes);
            let height = boxes.map(|thing| plan.sizes[*thing].1).fold(0.0, f64::max);
            tops.push(y);
            bottoms.push(y + height);
            y += height + (30.0 + aside[at] * 0.07).min(72.0);
        }
        (tops, bottoms)
    }
}

/// Places in a row that are as near to what each wishes as their distances allow: neighbours whose wishes collide
/// are moved together (pool adjacent violators).
fn spread(wishes: &[(f64, f64)], gaps: &[f64]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut offsets = vec![];
    // Mean, weight and count of each pool.
    let mut pools: Vec<(f64, f64, usize)> = vec![];
    for (at, (wish, weight)) in wishes.iter().enumerate() {
        if at > 0 {
            offset += gaps[at - 1];
        }
        offsets.push(offset);
        let mut pool = (wish - offset, *weight, 1);
        while let Some(last) = pools.last().copied().filter(|last| last.0 > pool.0) {
            let weight = last.1 + pool.1;
            pool = ((last.0 * last.1 + pool.0 * pool.1) / weight, weight, last.2 + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let means = pools.into_iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean, count));
    means.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_stand_below_what_they_wait_for_and_apart_from_their_neighbours() {
        let sizes = vec![(100.0, 40.0); 6];
        let plan =
            Plan { sizes, lines: vec![(0, 1, 0), (0, 2, 0), (1, 3, 0), (2, 3, 0), (0, 3, 0), (3, 4, 0)] };
        let places = layout(&plan);
        for (from, to, _) in &plan.lines {
            assert!(places.corners[*from].1 + 40.0 < places.corners[*to].1, "{places:?}");
        }
        for (a, one) in places.corners.iter().enumerate() {
            for two in &places.corners[a + 1..] {
                let apart = (one.0 - two.0).abs() >= 100.0 || (one.1 - two.1).abs() >= 40.0;
                assert!(apart, "{places:?}");
            }
        }
    }

    #[test]
    fn wishes_that_collide_are_shared() {
        assert_eq!(spread(&[(0.0, 1.0), (0.0, 1.0)], &[10.0]), [-5.0, 5.0]);
        assert_eq!(spread(&[(0.0, 1.0), (50.0, 1.0)], &[10.0]), [0.0, 50.0]);
    }
}
