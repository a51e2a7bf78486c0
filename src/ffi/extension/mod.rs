//! The functions of `include/aco_ext.h`: what users of libaco have asked for, with the same objects. Each group has a
//! file, in the order of the header.

pub mod constructors;

pub mod objects;

pub mod values;

pub mod transfer;

pub mod generators;

pub mod life;

pub mod stacks;

pub mod memory;

pub mod locals;

pub mod names;

pub mod list;

pub mod hooks;

pub mod shared_fpenv;
