//! A global allocator that counts while it is told to, and costs one relaxed load otherwise.
//!
//! Counting always would slow down the engine that allocates more, and so flatter the other in the timings.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::Relaxed};

static COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE_BYTES: AtomicIsize = AtomicIsize::new(0);
static PEAK_BYTES: AtomicIsize = AtomicIsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted. A binary that measures makes it its `#[global_allocator]`.
pub struct Counting;

/// What some work did to the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heap {
    /// Bytes that the work allocated and that its result still holds.
    pub live_bytes: isize,
    /// The most bytes that were live at once.
    pub peak_bytes: isize,
    /// Calls of alloc and realloc.
    pub allocations: usize,
}

/// Runs `work` and counts; its result is kept alive until the counts are read. For one thread.
pub fn count<T>(work: impl FnOnce() -> T) -> (T, Heap) {
    LIVE_BYTES.store(0, Relaxed);
    PEAK_BYTES.store(0, Relaxed);
    ALLOCATIONS.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    let result = work();
    COUNTING.store(false, Relaxed);
    let heap = Heap {
        live_bytes: LIVE_BYTES.load(Relaxed),
        peak_bytes: PEAK_BYTES.load(Relaxed),
        allocations: ALLOCATIONS.load(Relaxed),
    };
    (result, heap)
}

fn change(bytes: isize) {
    let live = LIVE_BYTES.fetch_add(bytes, Relaxed) + bytes;
    PEAK_BYTES.fetch_max(live, Relaxed);
}

fn allocated(bytes: isize) {
    if COUNTING.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        change(bytes);
    }
}

// SAFETY: every call goes unchanged to the system's allocator, which keeps the contract of `GlobalAlloc`; the counters
// are atomics and allocate nothing. A layout's size fits an `isize`, so the casts lose nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size() as isize);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated(size as isize - layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if COUNTING.load(Relaxed) {
            change(-(layout.size() as isize));
        }
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}
