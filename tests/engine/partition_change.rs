//! What the controller makes of one partition, case by case: who leads, who stays in the ISR, who remains eligible, and
//! when a reassignment is complete (`PartitionChangeBuilder`, KIP-966).

use crate::test;
use highwater_engine::controller::{
    Elected, Election, LeaderRecoveryState, PartitionChange, PartitionChangeBuilder, PartitionImage,
};
use highwater_engine::ids::BrokerId;
use std::sync::Arc;

fn ids(ids: &[i32]) -> Arc<[BrokerId]> {
    ids.iter().map(|id| BrokerId(*id)).collect()
}

fn list(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().map(|id| BrokerId(*id)).collect()
}

/// Replicas 1, 2 and 3.
fn partition(isr: &[i32], leader: i32) -> PartitionImage {
    PartitionImage::new(ids(&[1, 2, 3]), ids(isr), BrokerId(leader))
}

/// The change, when only these brokers are alive; ELR on and `min.insync.replicas` 2 unless `wish` says otherwise.
fn change(
    partition: &PartitionImage,
    alive: &[i32],
    wish: impl FnOnce(&mut PartitionChangeBuilder<'_>),
) -> Option<(PartitionChange, Elected)> {
    let alive = list(alive);
    let acceptable = |broker| alive.contains(&broker);
    let mut builder = PartitionChangeBuilder::new(partition, &acceptable);
    (builder.elr_enabled, builder.min_isr) = (true, 2);
    wish(&mut builder);
    builder.build()
}

fn leads(leader: i32, unclean: bool) -> Elected {
    Elected { leader: BrokerId(leader), unclean }
}

#[test]
fn who_leads_goes_on_leading_and_nothing_is_written() {
    assert_eq!(change(&partition(&[1, 2, 3], 2), &[1, 2, 3], |_| {}), None);
    // Only an election of the preferred leader takes the lead away from one that is alive.
    let preferred = |alive: &[i32], isr: &[i32]| {
        change(&partition(isr, 2), alive, |builder| builder.election = Election::Preferred)
    };
    let to_1 = PartitionChange { leader: Some(BrokerId(1)), ..PartitionChange::default() };
    assert_eq!(preferred(&[1, 2, 3], &[1, 2, 3]), Some((to_1, leads(1, false))));
    assert_eq!(preferred(&[2, 3], &[1, 2, 3]), None, "the preferred leader is away");
    assert_eq!(preferred(&[1, 2, 3], &[2, 3]), None, "the preferred leader is not in sync");
}

#[test]
fn the_first_of_the_assignment_that_is_in_sync_and_alive_follows_a_leader_that_is_gone() {
    let gone = |alive: &[i32], isr: &[i32]| {
        change(&partition(&[1, 2, 3], 1), alive, |builder| builder.target_isr = list(isr)).unwrap()
    };
    let (change, elected) = gone(&[2, 3], &[2, 3]);
    assert_eq!((change.leader, change.isr, elected), (Some(BrokerId(2)), Some(ids(&[2, 3])), leads(2, false)));
    let (change, elected) = gone(&[3], &[3]);
    assert_eq!((change.leader, change.isr, elected), (Some(BrokerId(3)), Some(ids(&[3])), leads(3, false)));
    // One member where two are needed: who left lacks nothing that was committed, and stays eligible.
    assert_eq!(change.elr, Some(ids(&[1, 2])));
    assert_eq!((change.last_known_leader, change.recovery_state), (None, None));
}

#[test]
fn a_follower_that_leaves_the_isr_costs_no_leader_epoch() {
    let (left, elected) =
        change(&partition(&[1, 2, 3], 1), &[1, 2], |builder| builder.target_isr = list(&[1, 2])).unwrap();
    assert_eq!(left, PartitionChange { isr: Some(ids(&[1, 2])), ..PartitionChange::default() });
    assert_eq!(elected, leads(1, false));
}

#[test]
fn when_the_isr_is_empty_an_eligible_replica_leads_alone() {
    let offline = PartitionImage { elr: ids(&[2, 3]), last_known_leader: BrokerId(1), ..partition(&[], -1) };
    let (change_of, elected) = change(&offline, &[3], |_| {}).unwrap();
    assert_eq!((change_of.leader, elected), (Some(BrokerId(3)), leads(3, false)));
    assert_eq!((change_of.isr, change_of.elr), (Some(ids(&[3])), Some(ids(&[2]))));
    // A leader is known again, so the last one need not be.
    assert_eq!(change_of.last_known_leader, Some(BrokerId::NONE));
    assert_eq!(change_of.recovery_state, None);
    // Without the feature nobody is eligible.
    assert_eq!(change(&PartitionImage { elr: ids(&[]), ..offline.clone() }, &[3], |b| b.elr_enabled = false), None);
    // While the eligible ones are away, the last known leader may not come first.
    assert_eq!(change(&offline, &[1], |_| {}), None);
}

#[test]
fn with_nobody_eligible_the_last_known_leader_leads_uncleanly() {
    let offline = PartitionImage { last_known_leader: BrokerId(2), ..partition(&[], -1) };
    let (change_of, elected) = change(&offline, &[2, 3], |_| {}).unwrap();
    assert_eq!((change_of.leader, elected), (Some(BrokerId(2)), leads(2, true)));
    assert_eq!((change_of.isr, change_of.recovery_state), (Some(ids(&[2])), Some(LeaderRecoveryState::Recovering)));
    assert_eq!(change(&offline, &[1, 3], |_| {}), None, "it is away");
    let unknown = PartitionImage { last_known_leader: BrokerId::NONE, ..offline.clone() };
    assert_eq!(change(&unknown, &[1, 2, 3], |_| {}), None, "nobody knows who it was");
    // An unclean election takes the first that is alive, and names the loss.
    let unclean = |alive: &[i32]| change(&unknown, alive, |builder| builder.election = Election::Unclean);
    let (change_of, elected) = unclean(&[2, 3]).unwrap();
    assert_eq!((change_of.leader, change_of.isr, elected), (Some(BrokerId(2)), Some(ids(&[2])), leads(2, true)));
    assert_eq!(unclean(&[]), None);
}

#[test]
fn an_unclean_leader_leaves_nobody_eligible() {
    let offline = PartitionImage { elr: ids(&[2]), ..partition(&[], -1) };
    let (change_of, elected) = change(&offline, &[3], |builder| builder.election = Election::Unclean).unwrap();
    assert_eq!((change_of.isr, change_of.elr, elected), (Some(ids(&[3])), Some(ids(&[])), leads(3, true)));
    // Though unclean ones are allowed, an eligible one is taken while there is one.
    let (_, elected) = change(&offline, &[2, 3], |builder| builder.election = Election::Unclean).unwrap();
    assert_eq!(elected, leads(2, false));
}

#[test]
fn when_the_last_in_sync_replica_goes_its_place_is_kept_and_so_is_its_name() {
    let last = partition(&[1], 1);
    let (gone, elected) = change(&last, &[], |builder| builder.target_isr.clear()).unwrap();
    assert_eq!((gone.leader, elected), (Some(BrokerId::NONE), leads(-1, false)));
    assert_eq!((gone.isr, gone.elr), (Some(ids(&[])), Some(ids(&[1]))));
    assert_eq!(gone.last_known_leader, Some(BrokerId(1)));
    // Before KIP-966 it stays in the ISR instead: nobody else may lead.
    let (gone, _) = change(&last, &[], |builder| {
        builder.elr_enabled = false;
        builder.target_isr.clear();
    })
    .unwrap();
    assert_eq!((gone.leader, gone.isr, gone.elr), (Some(BrokerId::NONE), None, None));
    assert_eq!(gone.last_known_leader, None);
    // Without a leader but with members, nobody is noted: they will lead again.
    let (asleep, _) = change(&last, &[], |_| {}).unwrap();
    assert_eq!((asleep.leader, asleep.isr, asleep.last_known_leader), (Some(BrokerId::NONE), None, None));
}

#[test]
fn who_is_eligible_is_kept_below_min_insync_replicas_and_forgotten_from_there_on() {
    let elr = |isr: &[i32], target: &[i32], known: &[i32], unclean: &[i32], min_isr| {
        let before = PartitionImage { elr: ids(known), ..partition(isr, 1) };
        let change = change(&before, &[1, 2, 3], |builder| {
            builder.target_isr = list(target);
            builder.unclean_shutdown = list(unclean);
            builder.min_isr = min_isr;
        });
        change.and_then(|(change, _)| change.elr).map(|elr| elr.iter().map(|id| id.0).collect::<Vec<_>>())
    };
    assert_eq!(elr(&[1, 2], &[1], &[], &[], 2), Some(vec![2]));
    assert_eq!(elr(&[1, 2], &[1], &[3], &[], 2), Some(vec![3, 2]));
    assert_eq!(elr(&[1, 2], &[1], &[3], &[3], 2), Some(vec![2]), "it came back without proof");
    assert_eq!(elr(&[1, 2], &[1], &[], &[2], 2), None);
    assert_eq!(elr(&[1], &[1, 2], &[2, 3], &[], 3), Some(vec![3]), "a member is not eligible besides");
    assert_eq!(elr(&[1], &[1, 2], &[2, 3], &[], 2), Some(vec![]), "as many as are needed");
    assert_eq!(elr(&[1, 2, 3], &[1, 2], &[], &[], 2), None);
    // No more are needed than there are replicas.
    assert_eq!(elr(&[1, 2], &[1, 2, 3], &[3], &[], 5), Some(vec![]));
    // The same ones in another order are no change.
    assert_eq!(elr(&[1], &[1], &[3, 2], &[], 2), None);
}

#[test]
fn a_reassignment_is_complete_when_all_that_join_are_in_sync() {
    // 4 joins, 3 leaves.
    let moving = |isr: &[i32], leader| PartitionImage {
        replicas: ids(&[1, 2, 3, 4]),
        adding: ids(&[4]),
        removing: ids(&[3]),
        ..partition(isr, leader)
    };
    assert_eq!(change(&moving(&[1, 2, 3], 1), &[1, 2, 3, 4], |_| {}), None, "4 is not in sync yet");
    let (done, elected) = change(&moving(&[1, 2, 3, 4], 1), &[1, 2, 3, 4], |_| {}).unwrap();
    assert_eq!((done.replicas, done.isr), (Some(ids(&[1, 2, 4])), Some(ids(&[1, 2, 4]))));
    assert_eq!((done.adding, done.removing), (Some(ids(&[])), Some(ids(&[]))));
    // The same leader in a new epoch: the replica that was dropped must hear of it.
    assert_eq!((done.leader, elected), (Some(BrokerId(1)), leads(1, false)));
    let (done, elected) = change(&moving(&[1, 2, 3, 4], 3), &[1, 2, 3, 4], |_| {}).unwrap();
    assert_eq!((done.leader, elected), (Some(BrokerId(1)), leads(1, false)), "the leader was the one that leaves");
    // Nobody would be left in sync.
    let shrinks = PartitionImage { adding: ids(&[]), removing: ids(&[3]), ..partition(&[3], 3) };
    assert_eq!(change(&shrinks, &[1, 2, 3], |_| {}), None);
    // A replica that only leaves needs nobody to join.
    let shrinks = PartitionImage { removing: ids(&[3]), ..partition(&[1, 2, 3], 1) };
    let (done, _) = change(&shrinks, &[1, 2, 3], |_| {}).unwrap();
    assert_eq!((done.replicas, done.adding, done.removing), (Some(ids(&[1, 2])), None, Some(ids(&[]))));
    // One that only joins changes no assignment, and so no epoch.
    let grows = PartitionImage { replicas: ids(&[1, 2, 3]), adding: ids(&[3]), ..partition(&[1, 2, 3], 1) };
    let (done, _) = change(&grows, &[1, 2, 3], |_| {}).unwrap();
    assert_eq!(done, PartitionChange { adding: Some(ids(&[])), ..PartitionChange::default() });
}

#[test]
fn a_recovered_leader_is_written_down() {
    let recovering = PartitionImage { recovery_state: LeaderRecoveryState::Recovering, ..partition(&[1, 2], 1) };
    let (done, _) = change(&recovering, &[1, 2], |builder| {
        builder.target_recovery_state = LeaderRecoveryState::Recovered;
    })
    .unwrap();
    let recovered = Some(LeaderRecoveryState::Recovered);
    assert_eq!(done, PartitionChange { recovery_state: recovered, ..PartitionChange::default() });
}
