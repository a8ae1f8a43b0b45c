//! The frame loop: it runs while something moves and asks for nothing when it does not.

use leptos::prelude::{AnimationFrameRequestHandle, request_animation_frame_with_handle};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A loop over animation frames that can be stopped. It hands over the wall seconds since the frame before.
#[derive(Clone, Default)]
pub struct Frames {
    inner: Rc<Inner>,
}

#[derive(Default)]
struct Inner {
    handle: RefCell<Option<AnimationFrameRequestHandle>>,
    last: Cell<Option<f64>>,
    count: Cell<u64>,
}

impl Frames {
    /// The longest step that one frame may take: a page that slept does not leap.
    const LONGEST: f64 = 0.1;

    /// Calls `frame` on every animation frame until it returns false or [`Frames::stop`] is called.
    pub fn start(&self, frame: impl Fn(f64) -> bool + 'static) {
        if self.is_running() {
            return;
        }
        self.inner.last.set(None);
        request(self.clone(), Rc::new(frame));
    }

    /// No frame from now on.
    pub fn stop(&self) {
        if let Some(handle) = self.inner.handle.borrow_mut().take() {
            handle.cancel();
        }
    }

    /// Whether a frame has been asked for.
    pub fn is_running(&self) -> bool {
        self.inner.handle.borrow().is_some()
    }

    /// How many frames have been drawn so far.
    pub fn count(&self) -> u64 {
        self.inner.count.get()
    }
}

fn request(frames: Frames, frame: Rc<dyn Fn(f64) -> bool>) {
    let inner = frames.inner.clone();
    let handle = request_animation_frame_with_handle(move || {
        frames.inner.handle.borrow_mut().take();
        frames.inner.count.set(frames.inner.count.get() + 1);
        let now = now_seconds();
        let passed = frames.inner.last.replace(Some(now)).map_or(0.0, |last| now - last);
        if frame(passed.clamp(0.0, Frames::LONGEST)) {
            request(frames, frame);
        }
    });
    *inner.handle.borrow_mut() = handle.ok();
}

/// Seconds on the browser's monotonic clock.
pub fn now_seconds() -> f64 {
    thread_local! {
        static CLOCK: Option<web_sys::Performance> = web_sys::window().and_then(|window| window.performance());
    }
    CLOCK.with(|clock| clock.as_ref().map_or(0.0, |clock| clock.now() / 1_000.0))
}
