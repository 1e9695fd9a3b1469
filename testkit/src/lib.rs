//! Peers that tests start for themselves, and what several tests need. Part of no build of ipnd.

pub mod postgres;

/// Every way to arrange `count` things, as lists of indices (Heap's algorithm).
#[must_use]
pub fn permutations(count: usize) -> Vec<Vec<usize>> {
    fn heap(size: usize, items: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
        if size <= 1 {
            all.push(items.clone());
            return;
        }
        for index in 0..size {
            heap(size - 1, items, all);
            items.swap(if size.is_multiple_of(2) { index } else { 0 }, size - 1);
        }
    }
    let mut all = Vec::new();
    heap(count, &mut (0..count).collect(), &mut all);
    all
}
