//! In which order things stand within their layers, so that few lines cross: sweeps down and up, each layer sorted
//! by the mean place of its neighbours; the best order seen is kept.

const SWEEPS: usize = 12;

/// Sorts the layers; `links` join things of neighbouring layers, upper one first.
pub fn sort(layers: &mut Vec<Vec<usize>>, links: &[(usize, usize)], count: usize) {
    let (mut above, mut below) = (vec![vec![]; count], vec![vec![]; count]);
    for (upper, lower) in links {
        above[*lower].push(*upper);
        below[*upper].push(*lower);
    }
    let mut places = vec![0; count];
    layers.iter().for_each(|layer| number(layer, &mut places));
    let mut best = (crossings(layers, &below, &places), layers.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        if sweep % 2 == 0 {
            layers.iter_mut().for_each(|layer| settle(layer, &above, &mut places));
        } else {
            layers.iter_mut().rev().for_each(|layer| settle(layer, &below, &mut places));
        }
        let found = crossings(layers, &below, &places);
        if found < best.0 {
            best = (found, layers.clone());
        }
    }
    *layers = best.1;
}

fn number(layer: &[usize], places: &mut [usize]) {
    layer.iter().enumerate().for_each(|(place, thing)| places[*thing] = place);
}

/// Sorts one layer by the mean place of neighbours; what has none stays where it is.
fn settle(layer: &mut [usize], neighbours: &[Vec<usize>], places: &mut [usize]) {
    let mean = |thing: &usize| {
        let near = &neighbours[*thing];
        if near.is_empty() {
            return places[*thing] as f64;
        }
        near.iter().map(|other| places[*other] as f64).sum::<f64>() / near.len() as f64
    };
    let mut keyed: Vec<(f64, usize)> = layer.iter().map(|thing| (mean(thing), *thing)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    keyed.iter().zip(layer.iter_mut()).for_each(|((_, thing), slot)| *slot = *thing);
    number(layer, places);
}

/// How often lines cross: pairs of links that run against one another, counted with a tree of sums.
fn crossings(layers: &[Vec<usize>], below: &[Vec<usize>], places: &[usize]) -> u64 {
    let mut total = 0;
    for pair in layers.windows(2) {
        let size = pair[1].len();
        let mut sums = vec![0_u64; size + 1];
        let mut seen = 0;
        for upper in &pair[0] {
            let mut ends: Vec<usize> = below[*upper].iter().map(|lower| places[*lower]).collect();
            ends.sort_unstable();
            // Links of one thing do not cross one another.
            total += ends.iter().map(|end| seen - upto(&sums, end + 1)).sum::<u64>();
            for end in ends {
                seen += 1;
                let mut at = end + 1;
                while at <= size {
                    sums[at] += 1;
                    at += at & at.wrapping_neg();
                }
            }
        }
    }
    total
}

fn upto(sums: &[u64], mut at: usize) -> u64 {
    let mut total = 0;
    while at > 0 {
        total += sums[at];
        at -= at & at.wrapping_neg();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossed_lines_are_uncrossed() {
        let mut layers = vec![vec![0, 1, 2], vec![3, 4, 5]];
        sort(&mut layers, &[(0, 5), (1, 4), (2, 3)], 6);
        assert_eq!(layers[1].iter().rev().copied().collect::<Vec<_>>(), [3, 4, 5]);
    }

    #[test]
    fn crossings_are_counted() {
        let below = vec![vec![2, 3], vec![2, 3], vec![], vec![]];
        assert_eq!(crossings(&[vec![0, 1], vec![2, 3]], &below, &[0, 1, 0, 1]), 1);
    }
}
