//! Who gets which partitions.
//!
//! Modelled: the range assignor (Kafka's effective default).
//! Absent: round robin, sticky, cooperative sticky; the server-side assignors of KIP-848; racks; static member order.

mod range;

pub use range::range_assign;
