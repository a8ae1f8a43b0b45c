//! The rules of one replica, each on its own: who counts as caught up, who may join the ISR, how far the high watermark
//! may go, and where two logs part (`Replica`, `Partition`, `AbstractFetcherThread`).

use crate::test;
use highwater_engine::collections::Map;
use highwater_engine::config::TopicConfig;
use highwater_engine::controller::PartitionImage;
use highwater_engine::ids::{BrokerEpoch, BrokerId, LeaderEpoch, NodeId, Offset, RecordId};
use highwater_engine::replication::{
    FollowerProgress, IsrState, Leadership, MarkInputs, PendingIsr, Replica, Role, next_high_watermark,
};
use highwater_engine::storage::{EpochEnd, Record, RecordBatch, RecordBody};
use highwater_engine::time::{Duration, Instant};
use std::sync::Arc;

const LAG_MAX: Duration = Duration::from_secs(30);

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn ids(ids: &[i32]) -> Arc<[BrokerId]> {
    ids.iter().map(|id| BrokerId(*id)).collect()
}

/// A replica whose log has `records` of each epoch, in order.
fn replica(min_isr: i32, epochs: &[(i32, u32)]) -> Replica {
    let mut replica = Replica::new(Arc::new(TopicConfig { min_insync_replicas: min_isr, ..TopicConfig::default() }));
    for (epoch, records) in epochs {
        replica.log.begin_epoch(LeaderEpoch(*epoch));
        for number in 1..=*records {
            let body = RecordBody::User { id: RecordId::new(NodeId(9), number), key: None, size: 10 };
            replica
                .log
                .append_as_leader(RecordBatch::new(None, vec![Record { timestamp: 0, body }]), LeaderEpoch(*epoch));
        }
    }
    replica
}

/// Broker 1 leads brokers 2 and 3 with ten records of epoch 0; its epoch 1 begins at offset 10.
fn leader(isr: &[i32]) -> Replica {
    let mut leader = replica(2, &[(0, 10)]);
    let image =
        PartitionImage { leader_epoch: LeaderEpoch(1), ..PartitionImage::new(ids(&[1, 2, 3]), ids(isr), BrokerId(1)) };
    assert!(leader.become_leader(BrokerId(1), &image, at(100)));
    leader
}

fn fetched(leader: &mut Replica, follower: i32, offset: i64, now: Instant) {
    let end = leader.log.log_end_offset();
    let followers = &mut leader.leadership_mut().unwrap().followers;
    followers.get_mut(&BrokerId(follower)).unwrap().fetched(Offset(offset), end, now, BrokerEpoch(5));
}

#[test]
fn a_follower_is_caught_up_when_it_has_all_or_had_all_not_long_ago() {
    let mut progress = FollowerProgress::unknown(at(0));
    let caught_up = |progress: &FollowerProgress, end, now| progress.is_caught_up(Offset(end), now, LAG_MAX);
    assert!(caught_up(&progress, 10, at(30)) && !caught_up(&progress, 10, at(31)));
    progress.fetched(Offset(4), Offset(10), at(40), BrokerEpoch(5));
    assert_eq!((progress.log_end_offset, progress.last_caught_up), (Some(Offset(4)), at(0)));
    assert_eq!((progress.last_fetch, progress.broker_epoch), (at(40), BrokerEpoch(5)));
    assert!(!caught_up(&progress, 10, at(41)) && caught_up(&progress, 4, at(41)));
    // It has reached where the leader was at its fetch before: it keeps pace, and had all at that moment.
    progress.fetched(Offset(10), Offset(20), at(50), BrokerEpoch(5));
    assert_eq!((progress.last_caught_up, progress.last_fetch_leader_end), (at(40), Offset(20)));
    progress.fetched(Offset(19), Offset(30), at(60), BrokerEpoch(5));
    assert_eq!(progress.last_caught_up, at(40));
    // It has all.
    progress.fetched(Offset(30), Offset(30), at(70), BrokerEpoch(5));
    assert_eq!(progress.last_caught_up, at(70));
    assert!(caught_up(&progress, 40, at(100)) && !caught_up(&progress, 40, at(101)));
    // A leader whose log became shorter does not make a follower look slower than it was.
    progress.fetched(Offset(25), Offset(26), at(80), BrokerEpoch(5));
    assert_eq!((progress.last_caught_up, progress.last_fetch_leader_end), (at(70), Offset(30)));
}

#[test]
fn a_pending_change_counts_for_the_larger_isr_only() {
    let isr = |pending| IsrState { committed: ids(&[1, 2]), pending };
    let joins = isr(Some(PendingIsr::Expand(BrokerId(3))));
    assert!(joins.in_maximal(BrokerId(3)) && joins.in_maximal(BrokerId(2)) && !joins.in_maximal(BrokerId(4)));
    assert_eq!((joins.maximal_len(), joins.proposed()), (3, vec![BrokerId(1), BrokerId(2), BrokerId(3)]));
    let leaves = isr(Some(PendingIsr::Shrink(vec![BrokerId(2)])));
    assert!(leaves.in_maximal(BrokerId(2)) && !leaves.in_maximal(BrokerId(3)));
    assert_eq!((leaves.maximal_len(), leaves.proposed()), (2, vec![BrokerId(1)]));
    let stands = isr(None);
    assert_eq!((stands.maximal_len(), stands.proposed()), (2, vec![BrokerId(1), BrokerId(2)]));
}

#[test]
fn the_high_watermark_is_what_the_slowest_that_counts_has() {
    let isr = IsrState { committed: ids(&[1, 2]), pending: None };
    let mark = |two: Option<i64>, three: (i64, Instant), high_watermark, min_isr, may_join: bool| {
        let mut followers = Map::new();
        let mut progress = FollowerProgress::unknown(at(0));
        progress.log_end_offset = two.map(Offset);
        followers.insert(BrokerId(2), progress);
        progress = FollowerProgress::unknown(three.1);
        progress.log_end_offset = Some(Offset(three.0));
        followers.insert(BrokerId(3), progress);
        let inputs = MarkInputs {
            leader_end: Offset(10),
            high_watermark: Offset(high_watermark),
            isr: &isr,
            followers: &followers,
            min_isr,
            lag_max: LAG_MAX,
            now: at(100),
        };
        next_high_watermark(&inputs, |_| may_join).map(|offset| offset.0)
    };
    let (slow, keeps_pace) = (at(0), at(70));
    assert_eq!(mark(Some(7), (2, slow), 5, 2, true), Some(7));
    assert_eq!(mark(Some(10), (2, slow), 5, 2, true), Some(10));
    // Broker 3 is no member yet, but keeps pace and may join: the mark waits for it.
    assert_eq!(mark(Some(9), (8, keeps_pace), 5, 2, true), Some(8));
    assert_eq!(mark(Some(9), (8, keeps_pace), 5, 2, false), Some(9));
    // It never moves back, and says nothing when it stands.
    assert_eq!(mark(Some(5), (2, slow), 5, 2, true), None);
    assert_eq!(mark(Some(4), (2, slow), 5, 2, true), None);
    // A member that has not fetched since the election holds everything.
    assert_eq!(mark(None, (2, slow), 5, 2, true), None);
    // Below min.insync.replicas nothing is committed.
    assert_eq!(mark(Some(10), (10, keeps_pace), 5, 3, true), None);
}

#[test]
fn a_follower_may_join_the_isr_at_the_high_watermark_and_at_this_leaders_beginning() {
    let mut leader = leader(&[1, 2]);
    let may = |leader: &Replica, id| leader.may_expand(BrokerId(id));
    assert!(!may(&leader, 3), "it has not fetched yet");
    fetched(&mut leader, 3, 9, at(101));
    assert!(!may(&leader, 3), "below the offset where this leader's epoch begins");
    fetched(&mut leader, 3, 10, at(101));
    assert!(may(&leader, 3));
    leader.high_watermark = Offset(11);
    assert!(!may(&leader, 3), "below the high watermark");
    leader.high_watermark = Offset(10);
    fetched(&mut leader, 2, 10, at(101));
    assert!(!may(&leader, 2), "a member already");
    assert!(!may(&leader, 4), "no replica");
    leader.propose(PendingIsr::Expand(BrokerId(3)));
    assert!(!may(&leader, 3), "one change at a time");
    leader.role = Role::Follower(BrokerId(2));
    assert!(!may(&leader, 3));
}

#[test]
fn members_that_were_last_caught_up_too_long_ago_lag() {
    let mut leader = leader(&[1, 2]);
    // Nobody has fetched: those in the ISR are given the time since the election.
    assert_eq!(leader.lagging(at(130), LAG_MAX), []);
    assert_eq!(leader.lagging(at(131), LAG_MAX), [BrokerId(2)]);
    fetched(&mut leader, 2, 10, at(105));
    assert_eq!(leader.lagging(at(200), LAG_MAX), [], "it has all there is");
    leader.propose(PendingIsr::Shrink(vec![BrokerId(2)]));
    fetched(&mut leader, 2, 5, at(106));
    assert_eq!(leader.lagging(at(200), LAG_MAX), [], "one change at a time");
    leader.leadership_mut().unwrap().isr.pending = None;
    assert_eq!(leader.lagging(at(200), LAG_MAX), [BrokerId(2)]);
}

#[test]
fn a_leader_keeps_its_followers_through_a_change_that_is_no_election() {
    let mut leader = leader(&[1, 2]);
    fetched(&mut leader, 2, 10, at(101));
    leader.propose(PendingIsr::Expand(BrokerId(3)));
    let image = |replicas: &[i32], isr: &[i32], epoch| PartitionImage {
        leader_epoch: LeaderEpoch(epoch),
        ..PartitionImage::new(ids(replicas), ids(isr), BrokerId(1))
    };
    assert!(!leader.become_leader(BrokerId(1), &image(&[1, 2, 4], &[1, 2], 1), at(110)));
    let known = |leader: &Replica| -> Vec<(i32, Option<i64>, Instant)> {
        let followers = leader.leadership().unwrap().followers.iter();
        followers.map(|(id, p)| (id.0, p.log_end_offset.map(|end| end.0), p.last_caught_up)).collect()
    };
    assert_eq!(known(&leader), [(2, Some(10), at(101)), (4, None, Instant::ZERO)]);
    assert_eq!(leader.leadership().unwrap().isr, IsrState { committed: ids(&[1, 2]), pending: None });
    assert_eq!(leader.leadership().unwrap().epoch_start_offset, Offset(10));
    // Elected again: what followers have is still known, when they had it is not.
    assert!(leader.become_leader(BrokerId(1), &image(&[1, 2, 4], &[1, 2], 2), at(120)));
    assert_eq!(known(&leader), [(2, Some(10), at(120)), (4, None, Instant::ZERO)]);
    // Elected after following: nothing is known.
    let follows = PartitionImage { leader: BrokerId(2), ..image(&[1, 2, 4], &[1, 2], 3) };
    assert!(leader.become_follower(&follows));
    assert!(!leader.become_follower(&follows), "nothing new");
    assert_eq!(leader.role, Role::Follower(BrokerId(2)));
    assert!(leader.become_follower(&PartitionImage { leader: BrokerId::NONE, ..follows }));
    assert_eq!(leader.role, Role::None);
    assert!(leader.become_leader(BrokerId(1), &image(&[1, 2, 4], &[1, 2], 4), at(130)));
    assert_eq!(known(&leader), [(2, None, at(130)), (4, None, Instant::ZERO)]);
}

#[test]
fn the_leaders_mark_moves_with_its_members_and_min_isr_brakes_it() {
    let mut leader = leader(&[1, 2]);
    let advance = |leader: &mut Replica, strict| {
        leader.advance_high_watermark(at(101), LAG_MAX, strict, |_| false).map(|old| old.0)
    };
    assert_eq!(advance(&mut leader, true), None);
    fetched(&mut leader, 2, 8, at(101));
    assert_eq!((advance(&mut leader, true), leader.high_watermark), (Some(0), Offset(8)));
    leader.leadership_mut().unwrap().isr.committed = ids(&[1]);
    assert_eq!(advance(&mut leader, true), None, "one member, and two are needed");
    assert_eq!((advance(&mut leader, false), leader.high_watermark), (Some(8), Offset(10)));
    // No more members can be asked for than there are replicas.
    let min =
        |config, replicas: &[i32]| Replica { assignment: ids(replicas), ..replica(config, &[]) }.effective_min_isr();
    assert_eq!((min(2, &[1, 2, 3]), min(3, &[1, 2]), min(1, &[]), min(2, &[])), (2, 2, 1, 1));
}

#[test]
fn the_mark_of_a_restarted_process_is_the_checkpoint_and_never_beyond_the_log() {
    let mut broker = replica(1, &[(0, 10)]);
    (broker.high_watermark, broker.checkpointed_high_watermark) = (Offset(9), Offset(6));
    broker.stop();
    assert_eq!((broker.high_watermark, &broker.role), (Offset(9), &Role::None));
    broker.load(at(5));
    assert_eq!((broker.high_watermark, broker.leader_epoch), (Offset(6), LeaderEpoch::NONE));
    assert_eq!(broker.truncate_to(Offset(4)), Some((Offset(10), Offset(4))));
    assert_eq!(broker.high_watermark, Offset(4));
    assert_eq!(broker.truncate_to(Offset(4)), None, "nothing is left to cut");
    broker.load(at(6));
    assert_eq!(broker.high_watermark, Offset(4));
    // Nor before it: what was deleted since the checkpoint was committed.
    broker.checkpointed_high_watermark = Offset(1);
    assert_eq!(broker.log.raise_log_start(Offset(3)), Some(Offset(0)));
    broker.load(at(7));
    assert_eq!(broker.high_watermark, Offset(3));
}

/// An end of an epoch in another log.
fn ends(epoch: i32, offset: i64) -> EpochEnd {
    EpochEnd { epoch: LeaderEpoch(epoch), end_offset: Offset(offset) }
}

#[test]
fn a_leader_finds_where_a_followers_log_parts_from_its_own() {
    // Epochs 0 and 2; nobody wrote anything in epoch 1 here.
    let leader = replica(1, &[(0, 5), (2, 5)]);
    let parts = |offset, epoch| leader.divergence(Offset(offset), LeaderEpoch(epoch));
    assert_eq!(parts(10, 2), None, "the same log");
    assert_eq!(parts(7, 2), None, "shorter, and the same so far");
    assert_eq!(parts(5, 0), None, "all of epoch 0 and nothing else");
    assert_eq!(parts(3, 0), None);
    assert_eq!(parts(6, 0), Some(ends(0, 5)), "one record of epoch 0 too many");
    assert_eq!(parts(6, 1), Some(ends(0, 5)), "an epoch this log does not have");
    assert_eq!(parts(11, 2), Some(ends(2, 10)), "beyond the leader's end");
    assert_eq!(parts(11, 3), Some(EpochEnd::UNDEFINED), "an epoch above the leader's");
    assert_eq!(parts(0, -1), None, "an empty log parts from nothing");
}

#[test]
fn a_follower_cuts_at_the_smaller_end_or_drops_back_one_epoch() {
    // Epochs 0 and 2, of which the high watermark covers four records.
    let mut follower = replica(1, &[(0, 5), (2, 5)]);
    follower.high_watermark = Offset(4);
    let cut = |epoch, offset| follower.truncation_point(ends(epoch, offset)).0;
    assert_eq!(cut(2, 8), 8, "the leader has less of the same epoch");
    assert_eq!(cut(2, 20), 10, "it has more: nothing to cut");
    assert_eq!(cut(0, 3), 3);
    assert_eq!(cut(0, 9), 5, "it has more of epoch 0: what follows here is of another leader");
    assert_eq!(cut(1, 7), 5, "an epoch this log does not know: back to where the one before ends, and ask again");
    assert_eq!(cut(3, 7), 7, "a leader with an epoch above all of these");
    assert_eq!(follower.truncation_point(EpochEnd::UNDEFINED), Offset(4), "no answer: back to the high watermark");
    follower.high_watermark = Offset(40);
    assert_eq!(follower.truncation_point(EpochEnd::UNDEFINED), Offset(10));
}

#[test]
fn each_verification_has_a_guard_of_its_own() {
    use highwater_engine::ids::ProducerId;
    let isr = IsrState { committed: ids(&[1]), pending: None };
    let mut leadership = Leadership::new(Offset(0), isr, Map::new());
    assert_eq!(leadership.guard(ProducerId(1), 7), 1);
    // Asked again before the answer came: the same guard, and the lowest sequence that asked.
    assert_eq!(leadership.guard(ProducerId(1), 4), 1);
    assert_eq!(leadership.guard(ProducerId(1), 9), 1);
    assert_eq!(leadership.verifying[&ProducerId(1)].lowest_sequence, 4);
    assert_eq!(leadership.guard(ProducerId(2), 0), 2);
    // What ended the transaction took the guard away: a late answer fits no guard any more.
    leadership.verifying.remove(&ProducerId(1));
    assert_eq!(leadership.guard(ProducerId(1), 0), 3);
}
