use highwater_engine::{sim::*, time::*, command::*, ids::*, event::*};
#[test]
fn smoke() {
    let spec = Spec { brokers: 3, topics: vec![TopicSpec{name:"orders".into(),partitions:3,replication_factor:3,settings: vec![("min.insync.replicas".into(),"2".into())],..Default::default()}],
      producers: vec![ProducerSpec{name:"p1".into(),target:Target::Topic("orders".into()),..Default::default()}],
      groups: vec![GroupSpec{name:"billing".into(),topics:vec!["orders".into()],consumers:vec![ConsumerSpec{name:"c1".into(),processing:Duration::from_millis(20),..Default::default()},ConsumerSpec{name:"c2".into(),..Default::default()}],..Default::default()}], ..Default::default()};
    let mut sim = Simulation::new(&spec, 7, Observe::ALL).unwrap();
    sim.command(Instant(6_000_000), Command::Stop{node:NodeId(1),how:StopKind::Crash});
    sim.command(Instant(26_000_000), Command::Start{node:NodeId(1)});
    sim.run_until(Instant(60_000_000));
    for e in sim.take_emitted() { if !matches!(e.event, Event::LogFlushed{..}) { println!("{} {} {:?}", e.n, e.at, e.event); } }
    println!("{:?} {}", sim.ledger().totals(), sim.dispatched());
}
