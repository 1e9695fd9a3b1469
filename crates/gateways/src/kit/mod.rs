//! Building blocks that gateways share.
