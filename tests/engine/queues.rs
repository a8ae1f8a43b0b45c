//! The classic queue broker.

use crate::test;
use highwater_engine::event::Event;
use highwater_tests::story::{check, count};

#[test]
fn each_message_goes_to_one_worker_and_is_gone_after_its_ack() {
    check(
        r#"
        scenario competing
        queue q persistent=#true {
            worker w1 processing="50ms"
            worker w2 processing="50ms"
        }
        producer p queue=q start="1s" every="10ms" count=20
        story {
            until queue-removed q 20
            expect queue-depth q 0
            expect worker-processed w1 10
            expect worker-processed w2 10
            expect processed-again 0
            expect acked 20
        }
        "#,
    );
}

#[test]
fn prefetch_1_is_fair_and_a_large_prefetch_lets_a_slow_worker_hoard() {
    let slow_share = |prefetch: u32| {
        let history = check(&format!(
            r#"
            scenario prefetch
            queue q {{
                worker fast prefetch={prefetch} processing="10ms"
                worker slow prefetch={prefetch} processing="200ms"
            }}
            producer p queue=q start="1s" every="1ms" count=40
            story {{ until queue-removed q 40 }}
            "#
        ));
        let slow = history.simulation().directory().find_node("slow");
        count(&history, |event| matches!(event, Event::QueueProcessed { consumer, .. } if Some(*consumer) == slow))
    };
    assert!(slow_share(1) <= 4, "with one message at a time the fast worker does the work");
    assert_eq!(slow_share(20), 20, "what is lent to the slow worker waits for it");
}

#[test]
fn what_a_dead_worker_had_in_hand_comes_back_and_is_marked() {
    let history = check(
        r#"
        scenario redelivery
        queue q persistent=#true {
            worker w1 prefetch=3 processing="500ms"
            worker w2 prefetch=3 processing="500ms" stopped=#true
        }
        producer p queue=q start="1s" every="10ms" count=3
        story {
            wait QueueDelivered consumer=w1 record=p-3
            kill w1
            wait QueueRequeued
            expect queue-depth q 3
            start w2
            until queue-removed q 3
            expect worker-processed w2 3
        }
        "#,
    );
    let again = |event: &Event| matches!(event, Event::QueueDelivered { redelivered: true, .. });
    assert_eq!(count(&history, again), 3);
}

#[test]
fn a_nack_puts_the_message_back_in_its_place() {
    let history = check(
        r#"
        scenario nack
        queue q { worker w1 processing="10ms" nack-every=3 }
        producer p queue=q start="1s" every="50ms" count=9
        story {
            until queue-removed q 9
            expect worker-processed w1 9
        }
        "#,
    );
    assert!(count(&history, |event| matches!(event, Event::QueueRequeued { .. })) >= 3);
}

#[test]
fn persistent_messages_survive_the_broker_and_transient_ones_do_not() {
    for (persistent, left) in [(true, 10), (false, 0)] {
        check(&format!(
            r#"
            scenario durable
            queue q persistent=#{persistent} {{ worker w1 stopped=#true }}
            producer p queue=q start="1s" every="10ms" count=10
            story {{
                until acked 10
                kill q
                start q
                expect queue-depth q {left}
                expect lost {}
            }}
            "#,
            10 - left
        ));
    }
}
