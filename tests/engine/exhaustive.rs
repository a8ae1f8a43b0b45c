//! One small world in every order.

use crate::test;
use highwater_engine::swarm::exhaust;

/// How many states there are. A change of the protocol changes it; a change of machine must not.
const STATES: u64 = 3_574;

#[test]
fn a_small_world_keeps_its_promises_in_every_order() {
    let found = exhaust(u64::MAX).unwrap();
    assert_eq!((found.breaches.as_slice(), found.cut_short), (&[][..], false));
    assert_eq!(found.states, STATES, "{found:?}");
}
