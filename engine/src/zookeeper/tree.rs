//! The tree of znodes (`DataTree`).

use super::path::ZnodePath;
use super::request::{WatchKind, WatchedEvent, ZnodeOp, ZooKeeperCode};
use super::znode::{SessionId, Znode, Zxid};
use crate::collections::Map;
use crate::ids::NodeId;

/// The znodes. Parents are always there and hold nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Tree {
    znodes: Map<ZnodePath, Znode>,
    /// `pzxid` of the parents: when a child was last created or deleted.
    children_changed: Map<ZnodePath, Zxid>,
    zxid: Zxid,
}

impl Tree {
    /// The last transaction.
    pub fn zxid(&self) -> Zxid {
        self.zxid
    }

    /// A znode, when it exists.
    pub fn get(&self, path: ZnodePath) -> Option<&Znode> {
        self.znodes.get(&path)
    }

    /// All znodes by path.
    pub fn iter(&self) -> impl Iterator<Item = (ZnodePath, &Znode)> {
        self.znodes.iter().map(|(path, znode)| (*path, znode))
    }

    /// A parent's children.
    pub fn children(&self, parent: ZnodePath) -> Vec<ZnodePath> {
        self.znodes.keys().copied().filter(|path| path.parent() == Some(parent)).collect()
    }

    /// Whether a write would be refused now, why, and for which znode.
    pub fn judge(&self, ops: &[ZnodeOp]) -> Result<(), (ZooKeeperCode, ZnodePath)> {
        for op in ops {
            let known = self.znodes.get(&op.path());
            let version = known.map(|znode| znode.version);
            let code = match op {
                ZnodeOp::Create { .. } if known.is_some() => ZooKeeperCode::NodeExists,
                ZnodeOp::Create { .. } => continue,
                _ if known.is_none() => ZooKeeperCode::NoNode,
                ZnodeOp::Check(_, wanted) | ZnodeOp::Set(_, _, Some(wanted)) if version != Some(*wanted) => {
                    ZooKeeperCode::BadVersion
                }
                _ => continue,
            };
            return Err((code, op.path()));
        }
        Ok(())
    }

    /// Carries a write out that was judged to be possible, as one transaction. Returns what watches want to know.
    pub fn apply(&mut self, ops: &[ZnodeOp], by: NodeId, session: Option<SessionId>) -> Vec<WatchedEvent> {
        self.zxid.0 += 1;
        let zxid = self.zxid;
        let mut events = Vec::new();
        for op in ops {
            let path = op.path();
            match op {
                ZnodeOp::Check(..) => continue,
                ZnodeOp::Create { data, ephemeral, .. } => {
                    let owner = session.filter(|_| *ephemeral);
                    let znode = Znode { data: data.clone(), version: 0, created: zxid, modified: zxid, owner, by };
                    self.znodes.insert(path, znode);
                    self.child_changed(path, &mut events);
                }
                ZnodeOp::Set(_, data, _) => {
                    if let Some(znode) = self.znodes.get_mut(&path) {
                        znode.data = data.clone();
                        znode.version += 1;
                        (znode.modified, znode.by) = (zxid, by);
                    }
                }
                ZnodeOp::Delete(_) => {
                    self.znodes.remove(&path);
                    self.child_changed(path, &mut events);
                }
            }
            events.push(WatchedEvent { path, kind: WatchKind::Data });
        }
        events
    }

    fn child_changed(&mut self, path: ZnodePath, events: &mut Vec<WatchedEvent>) {
        if let Some(parent) = path.parent() {
            self.children_changed.insert(parent, self.zxid);
            events.push(WatchedEvent { path: parent, kind: WatchKind::Children });
        }
    }

    /// The ephemeral znodes of a session.
    pub fn owned_by(&self, session: SessionId) -> Vec<ZnodePath> {
        self.znodes.iter().filter(|(_, znode)| znode.owner == Some(session)).map(|(path, _)| *path).collect()
    }

    /// Whether what a watch waits for has happened after a transaction (`DataTree.setWatches`).
    pub fn changed_since(&self, path: ZnodePath, kind: WatchKind, seen: Zxid) -> bool {
        match kind {
            // Nobody remembers when a znode was deleted: who waits for one that is not there is asked to look again.
            WatchKind::Data => self.znodes.get(&path).is_none_or(|znode| znode.modified > seen),
            WatchKind::Children => self.children_changed.get(&path).is_some_and(|changed| *changed > seen),
        }
    }
}
