//! The reasons for which tasks wait, and their texts.

macro_rules! reasons {
    ($($name:ident $text:literal)*) => {
        /// What a task waits for.
        #[derive(Clone, Copy, PartialEq)]
        #[repr(u8)]
        pub(crate) enum WaitReason { $(#[doc = $text] $name),* }

        impl WaitReason {
            const ALL: &[WaitReason] = &[$(WaitReason::$name),*];

            /// Returns the text.
            pub(crate) fn text(self) -> &'static core::ffi::CStr {
                let text = match self { $(WaitReason::$name => concat!($text, "\0")),* };
                core::ffi::CStr::from_bytes_with_nul(text.as_bytes()).unwrap_or_default()
            }

            /// Returns the reason with this number, or `Nothing`.
            pub(crate) fn from_u8(number: u8) -> WaitReason {
                WaitReason::ALL.get(number as usize).copied().unwrap_or(WaitReason::Nothing)
            }
        }
    };
}

reasons! {
    Nothing "nothing"
    Park "unpark"
    Sleep "a time"
    Join "the end of a task"
    Group "the tasks of a group"
    Send "room in a channel"
    Receive "a message of a channel"
    Select "one of several"
    SelectOutside "one of several, file descriptors among them"
    Mutex "a mutex"
    ReadLock "a lock, to read"
    WriteLock "a lock, to write"
    Condvar "a condition"
    Event "an event"
    Semaphore "a semaphore"
    WaitGroup "a waitgroup"
    Barrier "a barrier"
    Once "what is done once"
    Future "a future"
    Read "input of a file descriptor"
    Write "room for output of a file descriptor"
    Blocking "a blocking call"
}

impl WaitReason {
    /// Returns true if the task waits with the waiter in its block, in one queue.
    pub(crate) fn is_queued(self) -> bool {
        use WaitReason::{Nothing, Park, Select, SelectOutside, Sleep};
        !matches!(self, Nothing | Park | Sleep | Select | SelectOutside)
    }

    /// Returns true if an event from outside the runtime's tasks may end the wait.
    pub(crate) fn is_external(self) -> bool {
        matches!(
            self,
            WaitReason::Read | WaitReason::Write | WaitReason::SelectOutside | WaitReason::Blocking
        )
    }
}
