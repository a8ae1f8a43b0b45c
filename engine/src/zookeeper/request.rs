use super::path::ZnodePath;
use super::znode::{SessionId, Znode, ZnodeData, Zxid};
use crate::time::Duration;

/// What a watch waits for. It speaks once; who wants to hear again sets it again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WatchKind {
    /// The znode is created, written or deleted.
    Data,
    /// A child is created or deleted.
    Children,
}

/// One change of the tree, or the condition of others.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ZnodeOp {
    /// `check`: the znode has this version.
    Check(ZnodePath, i32),
    /// `create`; parents are there. An ephemeral znode goes with the session of its creator.
    Create {
        /// Where.
        path: ZnodePath,
        /// What it holds.
        data: ZnodeData,
        /// Whether it goes with the session.
        ephemeral: bool,
    },
    /// `setData`, if the znode has this version; without one, whatever stands there.
    Set(ZnodePath, ZnodeData, Option<i32>),
    /// `delete`.
    Delete(ZnodePath),
}

impl ZnodeOp {
    /// A persistent znode.
    pub fn create(path: ZnodePath, data: ZnodeData) -> ZnodeOp {
        ZnodeOp::Create { path, data, ephemeral: false }
    }

    /// Which znode it is about.
    pub fn path(&self) -> ZnodePath {
        match self {
            ZnodeOp::Check(path, _) | ZnodeOp::Create { path, .. } | ZnodeOp::Set(path, ..) | ZnodeOp::Delete(path) => {
                *path
            }
        }
    }
}

/// A request to ZooKeeper.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ZooKeeperRequest {
    /// A connection begins: with a new session, or with one that may have outlived the last connection.
    Connect {
        /// The session to go on with.
        session: Option<SessionId>,
        /// How long the session lives unheard.
        timeout: Duration,
        /// The last transaction the client has seen: of later ones its watches still want to hear (`setWatches`).
        seen: Zxid,
        /// Its watches.
        watches: Vec<(ZnodePath, WatchKind)>,
    },
    /// `ping`: the client lives.
    Ping,
    /// `closeSession`: what is ephemeral goes at once.
    Close,
    /// `getData`, and a watch if wanted: also where there is no znode yet.
    GetData(ZnodePath, bool),
    /// `getChildren`, and a watch if wanted.
    GetChildren(ZnodePath, bool),
    /// One change, or several that are done together or not at all (`multi`).
    Write(Vec<ZnodeOp>),
}

/// `KeeperException.Code`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ZooKeeperCode {
    /// It is done.
    Ok,
    /// There is no such znode (−101).
    NoNode,
    /// The znode has another version (−103).
    BadVersion,
    /// There is one already (−110).
    NodeExists,
    /// The session is over (−112).
    SessionExpired,
}

/// What a watch waited for has happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WatchedEvent {
    /// The znode that was watched.
    pub path: ZnodePath,
    /// What was watched.
    pub kind: WatchKind,
}

/// ZooKeeper's answer; or word of a watch, which answers nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ZooKeeperResponse {
    /// Whether it is done.
    pub code: ZooKeeperCode,
    /// Of a refused write: the znode that was in the way.
    pub refused: Option<ZnodePath>,
    /// The last transaction.
    pub zxid: Zxid,
    /// To `Connect`: the session.
    pub session: Option<SessionId>,
    /// The znode as it stands now.
    pub znode: Option<Znode>,
    /// The children.
    pub children: Vec<ZnodePath>,
    /// Word of a watch.
    pub event: Option<WatchedEvent>,
    /// Whether it answers a ping.
    pub pong: bool,
}

impl ZooKeeperResponse {
    /// An answer without more.
    pub fn of(code: ZooKeeperCode, zxid: Zxid) -> ZooKeeperResponse {
        ZooKeeperResponse {
            code,
            refused: None,
            zxid,
            session: None,
            znode: None,
            children: Vec::new(),
            event: None,
            pong: false,
        }
    }
}
