//! A complete message broker, as a value.
//!
//! `highwater_engine` simulates a Kafka cluster (brokers, controller, clients, network, disks) and a classic queue broker
//! beside it. It has no clock, no entropy, no I/O, no language and no pixels: a [`sim::Simulation`] is stepped forward one
//! event at a time, and the same [`history::Recording`] gives the same events on every machine.
//!
//! Start with [`sim`] (the scheduler), [`broker`] and [`client`] (the protocol's two sides), [`history`] (time travel),
//! [`scenario`] (the language of stories) and [`view`] (what pictures are made from).

#![forbid(unsafe_code)]

pub mod app;
pub mod assignor;
pub mod audit;
pub mod bench_worlds;
pub mod broker;
pub mod client;
pub mod collections;
pub mod command;
pub mod config;
pub mod controller;
pub mod coordinator;
pub mod effect;
pub mod event;
pub mod fact;
pub mod field;
pub mod hash;
pub mod history;
pub mod ids;
pub mod link;
pub mod network;
pub mod planted;
pub mod protocol;
pub mod queue;
pub mod replication;
pub mod rng;
pub mod scenario;
pub mod share;
pub mod sim;
pub mod storage;
pub mod swarm;
pub mod time;
pub mod trace;
pub mod vectors;
pub mod view;
pub mod zookeeper;
