//! The headers: clean in each dialect of C and C++, alone and inside other declarations.

use std::fs;

use crate::case::Case;
use crate::process::{scratch, succeed};
use crate::toolchain::{command, is_available};

/// A translation unit that uses every macro.
const UNIT: &str = "\
#define ACO_USE_ASAN
#include <aco.h>
#include <aco.h>
#include <libaco/aco.h>
#include <aco_inline.h>
#include <aco_ext.h>
#include <libaco/aco_ext.h>
#include <aco_ext_inline.h>
#include <aco_assert_override.h>
#include <libaco/aco_ext.h>
#include <acort.h>
struct aco_share_stack_s;
static void entry(void) {
    void *arg = aco_get_arg();
    assertptr(arg);
    aco_yield();
    aco_yield1(aco_co());
    assertalloc_ptr(arg);
    assertalloc_bool(arg != NULL);
    aco_yield_to((aco_t *)aco_yield_value(arg));
    if (aco_is_main_co(aco_get_co())) aco_exit1(aco_get_co());
    aco_exit();
}
aco_attr_no_asan static int unit(aco_t *co) {
    assert(unlikely(likely(co != NULL)));
    aco_resume(co);
    aco_gen_next(co, (void **)aco_resume_value(co, NULL));
    return co->fp == entry && aco_gtls_co == co && ACO_VERSION_NUMBER != 0;
}
int (*use)(aco_t *) = unit;
static void generate(void) { aco_gen_yield(aco_yield_value(aco_first_value())); }
static int extension(aco_share_stack_t *stack, aco_t *co) {
    aco_gen_t *gen = aco_gen_new(stack, generate, NULL);
    int seen = 0;
    void *value;
    while (aco_gen_next(gen, &value)) seen += aco_resume_value(co, value) == value;
    aco_gen_free(gen);
    aco_yield_to(co);
    aco_return_exits(co);
    aco_thread_return_exits(1);
    return aco_yield_checked() + seen + ((aco_gen_next)(gen, &value) == 0);
}
int (*use_extension)(aco_share_stack_t *, aco_t *) = extension;
";

/// A translation unit that instantiates the classes of aco.hpp.
const CXX_UNIT: &str = "\
#include <aco.hpp>
#include <libaco/aco.hpp>
#include <aco_assert_override.h>
#include <memory>
template class aco::generator<int>;
template class aco::generator<const int &>;
template class aco::generator<std::unique_ptr<int>>;
void unit() {
    aco::shared_stack stack;
    aco::coroutine co(aco::forget_on_destroy, stack, [] { aco::this_coroutine::yield(); });
    while (co) co.resume();
    for (auto &value : aco::generator<int>([](auto yield) { yield(1); })) assert(value == 1);
    if (aco::this_coroutine::cancelled()) aco::this_coroutine::exit();
}
";

const DIALECTS: [(&str, &str, &[&str]); 4] = [
    ("cc", "c", &["c99", "c11", "gnu11", "c17"]),
    ("clang", "c", &["c99", "c11", "gnu11", "c17"]),
    ("c++", "c++", &["c++11", "c++17", "c++20"]),
    ("clang++", "c++", &["c++11", "c++17", "c++20"]),
];
const OPTIONS: [&str; 4] = [
    "",
    "-DACO_CONFIG_SHARE_FPU_MXCSR_ENV -DACO_USE_VALGRIND",
    "-DACO_NO_INLINE",
    "-fno-exceptions",
];

const CXX_COMPILERS: [&str; 2] = ["c++", "clang++"];
const CXX_STANDARDS: [&str; 3] = ["c++17", "c++20", "gnu++17"];
const CXX_OPTIONS: [&str; 4] =
    ["-O2", "-fno-exceptions", "-fno-rtti", "-DACO_CONFIG_SHARE_FPU_MXCSR_ENV"];

/// The cases of the compilers that are installed. The lane of another compiler is named as not run.
pub fn cases() -> Vec<Case> {
    let inside = format!("extern \"C\" {{\n{UNIT}}}\n");
    let is_installed = |compiler: &str| is_available(&format!("{compiler} --version"));
    let mut cases = Vec::new();
    for (compiler, language, standards) in DIALECTS.into_iter().filter(|one| is_installed(one.0)) {
        let text = if language == "c" { UNIT } else { &inside };
        for standard in standards {
            for option in OPTIONS {
                let line = format!("{compiler} -std={standard} {option}");
                let strict = format!("{line} -pedantic -Wshadow -fsyntax-only -x {language}");
                cases.push(unit(format!("header {line}"), strict, text));
            }
        }
    }
    for compiler in CXX_COMPILERS.into_iter().filter(|compiler| is_installed(compiler)) {
        for standard in CXX_STANDARDS {
            for option in CXX_OPTIONS {
                let line = format!("{compiler} -std={standard} {option}");
                let strict =
                    format!("{line} -pedantic -Wshadow -Wconversion -c -o /dev/null -x c++");
                cases.push(unit(format!("aco.hpp {line}"), strict, CXX_UNIT));
            }
        }
    }
    cases
}

/// Compiles a translation unit by the command `line`.
fn unit(name: String, line: String, text: &str) -> Case {
    let text = text.to_string();
    Case::new(name.clone(), move || {
        let folder = scratch(&format!("header/{}", name.replace([' ', '/'], "_")))?;
        let path = folder.join("unit");
        fs::write(&path, &text)?;
        succeed(command(&format!("{line} -Iinclude {}", path.display())), 60).map(drop)
    })
}
