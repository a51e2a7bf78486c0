//! A tree as one list of opening and closing brackets; groups of tasks use it.
//!
//! Each node is an opening and a closing bracket, around the brackets of its children.
//!
//! ```text
//!   head ─> a ( b ( ) c ( ) ) d ( )          b and c are inside a
//!   a is removed:   head ─> b ( ) c ( ) d ( )
//! ```
//!
//! The steps of an insertion or a removal do not depend on the size of the tree. A walk neither recurses nor allocates.

use core::ptr;

use super::lock::Aliased;

/// One end of a node; the head of a list if it is neither.
#[repr(C)]
struct Bracket<T> {
    next: *mut Bracket<T>,
    prev: *mut Bracket<T>,
    /// The object of the node that begins here; null in a closing bracket, and in the head.
    owner: *mut T,
    _aliased: Aliased,
}

/// The two brackets of a node.
#[repr(C)]
pub(crate) struct Brackets<T> {
    open: Bracket<T>,
    close: Bracket<T>,
}

/// The head of a list. All zero is an empty list.
#[repr(transparent)]
pub(crate) struct NestedList<T>(Bracket<T>);

impl<T> Bracket<T> {
    /// Puts `new` behind `this`.
    ///
    /// # Safety
    /// `this` is in a list that the caller has locked. `new` is in no list.
    unsafe fn insert_after(this: *mut Self, new: *mut Self) {
        // SAFETY: the brackets of a locked list are live.
        unsafe {
            let next = (*this).next;
            (*new).next = next;
            (*new).prev = this;
            (*this).next = new;
            if let Some(next) = next.as_mut() {
                next.prev = new;
            }
        }
    }

    /// Takes `this` out of its list.
    ///
    /// # Safety
    /// `this` is in a list that the caller has locked, and is not the head.
    unsafe fn unlink(this: *mut Self) {
        // SAFETY: the brackets of a locked list are live. `prev` is not null, as `this` is not the head.
        unsafe {
            let (next, prev) = ((*this).next, (*this).prev);
            (*prev).next = next;
            if let Some(next) = next.as_mut() {
                next.prev = prev;
            }
        }
    }

    /// Calls `visit` for each node that opens from `from` up to `to`, without `to`.
    ///
    /// # Safety
    /// Both are in one list that the caller has locked, `to` behind `from`; or `to` is null.
    unsafe fn walk(mut from: *mut Self, to: *const Self, visit: &mut dyn FnMut(*mut T)) {
        // SAFETY: the brackets of a locked list are live.
        unsafe {
            while from.cast_const() != to {
                if !(*from).owner.is_null() {
                    visit((*from).owner);
                }
                from = (*from).next;
            }
        }
    }
}

impl<T> NestedList<T> {
    /// Returns the object of the first node, or null if the list is empty.
    pub(crate) fn first(&self) -> *mut T {
        // SAFETY: a node in the list is live. The list begins with an opening bracket.
        unsafe { self.0.next.as_ref() }.map_or(ptr::null_mut(), |first| first.owner)
    }

    /// Inserts the node `brackets` of `owner` at the beginning, inside no other node.
    ///
    /// # Safety
    /// The caller has locked the list. The node is in no list, and stays until it is removed.
    pub(crate) unsafe fn push_front(list: *mut Self, brackets: *mut Brackets<T>, owner: *mut T) {
        // SAFETY: the caller has locked the list, of which the head is a part.
        unsafe { Brackets::insert_after(&raw mut (*list).0, brackets, owner) }
    }

    /// Calls `visit` for the object of each node. An outer node comes before the nodes inside it.
    ///
    /// # Safety
    /// The caller has locked the list.
    pub(crate) unsafe fn for_each(&self, visit: &mut dyn FnMut(*mut T)) {
        // SAFETY: the caller has locked the list.
        unsafe { Bracket::walk(self.0.next, ptr::null(), visit) }
    }
}

impl<T> Brackets<T> {
    unsafe fn insert_after(before: *mut Bracket<T>, this: *mut Self, owner: *mut T) {
        // SAFETY: `before` is in a list that the caller has locked; `this` is in none.
        unsafe {
            (*this).open.owner = owner;
            Bracket::insert_after(before, &raw mut (*this).open);
            Bracket::insert_after(&raw mut (*this).open, &raw mut (*this).close);
        }
    }

    /// Inserts the node `inner` of `owner` directly inside the node `this`.
    ///
    /// # Safety
    /// The caller has locked the list of `this`. `inner` is in no list, and stays until it is removed.
    pub(crate) unsafe fn insert_inside(this: *mut Self, inner: *mut Self, owner: *mut T) {
        // SAFETY: `this` is in a list that the caller has locked.
        unsafe { Brackets::insert_after(&raw mut (*this).open, inner, owner) }
    }

    /// Takes the node `this` out. The nodes directly inside it are inside the node around it from then on.
    ///
    /// # Safety
    /// `this` is in a list that the caller has locked.
    pub(crate) unsafe fn remove(this: *mut Self) {
        // SAFETY: both brackets are in a list that the caller has locked, and neither is its head.
        unsafe {
            Bracket::unlink(&raw mut (*this).open);
            Bracket::unlink(&raw mut (*this).close);
        }
    }

    /// Calls `visit` for the object of the node `this`, then for those of the nodes inside it, at any depth.
    ///
    /// # Safety
    /// `this` is in a list that the caller has locked.
    pub(crate) unsafe fn for_each_within(this: *mut Self, visit: &mut dyn FnMut(*mut T)) {
        // SAFETY: both brackets are in a list that the caller has locked; the closing one is behind the opening one.
        unsafe { Bracket::walk(&raw mut (*this).open, &raw const (*this).close, visit) }
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::*;

    #[repr(C)]
    struct Node {
        brackets: Brackets<Node>,
        name: char,
    }

    fn visited(walk: impl FnOnce(&mut dyn FnMut(*mut Node))) -> String {
        let mut names = String::new();
        // SAFETY: the nodes of the test are never freed.
        walk(&mut |node| names.push(unsafe { (*node).name }));
        names
    }

    #[test]
    fn removed_node_leaves_its_children_to_the_outer_one() {
        let node = |name| {
            // SAFETY: all zero is a node in no list.
            let brackets = unsafe { core::mem::zeroed() };
            Box::into_raw(Box::new(Node { brackets, name }))
        };
        let [a, b, c, d] = ['a', 'b', 'c', 'd'].map(node);
        // SAFETY: all zero is an empty list; the nodes are never freed.
        unsafe {
            let mut list: NestedList<Node> = core::mem::zeroed();
            NestedList::push_front(&raw mut list, d.cast(), d);
            NestedList::push_front(&raw mut list, a.cast(), a);
            for child in [c, b] {
                Brackets::<Node>::insert_inside(a.cast(), child.cast(), child);
            }
            assert_eq!(visited(|visit| list.for_each(visit)), "abcd");
            assert_eq!(visited(|visit| Brackets::<Node>::for_each_within(a.cast(), visit)), "abc");
            Brackets::<Node>::remove(b.cast());
            assert_eq!(visited(|visit| Brackets::<Node>::for_each_within(a.cast(), visit)), "ac");
            Brackets::<Node>::insert_inside(c.cast(), b.cast(), b);
            Brackets::<Node>::remove(a.cast());
            assert_eq!(visited(|visit| list.for_each(visit)), "cbd");
            assert_eq!(visited(|visit| Brackets::<Node>::for_each_within(c.cast(), visit)), "cb");
            for node in [c, b, d] {
                Brackets::<Node>::remove(node.cast());
            }
            assert!(list.first().is_null());
        }
    }
}
