//! The lines of memory, of 64 bytes, that one operation reads or writes: the emulator shows the registers before each
//! instruction, the disassembler its operands. The program is benches/count.c, built with -DMARKED.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::case::ensure;
use crate::emulator::Machine;
use crate::process::{Result, command, succeed};

const LINE: u64 = 64;
/// Operations before those that count, and those.
const WARM: usize = 20;
const COUNTED: usize = 10;

/// A memory operand: the sum of its registers, each shifted to the left, and a constant. `size` bytes from there.
#[derive(Clone)]
struct Operand {
    registers: Vec<(String, u32)>,
    constant: u64,
    size: u64,
}

/// The operands of each instruction that has some, and the address of `aco_operation`.
type Code = (HashMap<u64, Vec<Operand>>, u64);

/// The lines that one operation of a row touches: the most of some. A line of code is none.
pub fn lines(machine: Machine, program: &str, row: &str) -> Result<usize> {
    let (operands, mark) = disassemble(machine, program)?;
    let line = format!(
        "{} -singlestep -d exec,cpu,nochain {program} {row} {}",
        machine.emulator,
        WARM + COUNTED
    );
    let mut emulator = command(&line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let log = emulator.stderr.take().ok_or("no log")?;
    let (mut marks, mut most) = (0, 0);
    let mut touched: HashSet<u64> = HashSet::new();
    let mut now: &[Operand] = &[];
    let mut registers = HashMap::new();
    let touch = |now: &[Operand], registers: &HashMap<String, u64>, set: &mut HashSet<u64>| {
        for operand in now {
            let parts = operand
                .registers
                .iter()
                .map(|(name, shift)| registers.get(name).copied().unwrap_or_default() << shift);
            let first = parts.fold(operand.constant, u64::wrapping_add);
            set.extend([first / LINE, (first + operand.size - 1) / LINE]);
        }
    };
    let (mut log, mut text) = (BufReader::with_capacity(1 << 20, log), Vec::new());
    // Most of the log is the start of the program.
    while log.read_until(b'\n', &mut text)? > 0 {
        let bytes = std::mem::take(&mut text);
        let text =
            if bytes.starts_with(b"T") || !now.is_empty() { str::from_utf8(&bytes)? } else { "" };
        if let Some(trace) = text.strip_prefix("Trace") {
            touch(now, &registers, &mut touched);
            registers.clear();
            let address = trace.split('/').nth(1).and_then(|hex| u64::from_str_radix(hex, 16).ok());
            let address = address.ok_or_else(|| format!("the emulator wrote {text}"))?;
            now = &[];
            if address == mark {
                // The first operations warm up, and what follows the last mark is the end of the program.
                if marks > WARM {
                    most = most.max(touched.len());
                }
                marks += 1;
                touched.clear();
            } else if marks > WARM {
                now = operands.get(&address).map_or(&[], Vec::as_slice);
            }
        } else if !now.is_empty() {
            read_registers(text, &mut registers);
        }
    }
    ensure!(emulator.wait()?.success(), "{line} fails");
    ensure!(marks >= WARM + COUNTED, "{marks} operations are marked");
    Ok(most)
}

/// Reads a line of the emulator's: `RAX=... R8 =...`, `FS =selector base ...`, `X00=...  SP=...`.
fn read_registers(text: &str, registers: &mut HashMap<String, u64>) {
    let text = text.replace(" =", "=");
    if let Some(segment) = text.strip_prefix("FS=") {
        let base = segment.split(' ').nth(1).and_then(|hex| u64::from_str_radix(hex, 16).ok());
        registers.insert("fs".into(), base.unwrap_or_default());
        return;
    }
    for (name, value) in text.split_whitespace().filter_map(|word| word.split_once('=')) {
        if let Ok(value) = u64::from_str_radix(value, 16) {
            registers.insert(name.to_lowercase(), value);
        }
    }
}

fn disassemble(machine: Machine, program: &str) -> Result<Code> {
    let tool = machine.disassembler;
    let text = succeed(command(&format!("{tool} -d --no-show-raw-insn {program}")), 120)?;
    let mut operands = HashMap::new();
    let mut mark = None;
    for line in text.lines() {
        if let Some(address) = line.strip_suffix(" <aco_operation>:") {
            mark = u64::from_str_radix(address, 16).ok();
        }
        let Some((address, instruction)) = line.split_once(":\t") else { continue };
        let Ok(address) = u64::from_str_radix(address.trim(), 16) else { continue };
        let found = match machine.arch {
            "x86_64" => x86_64_operands(instruction),
            "aarch64" => aarch64_operands(instruction),
            other => return Err(format!("the operands of {other} are not known").into()),
        };
        if !found.is_empty() {
            operands.insert(address, found);
        }
    }
    Ok((operands, mark.ok_or("no aco_operation")?))
}

fn number(text: &str) -> u64 {
    let (digits, is_negative) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    let value = value.unwrap_or_default();
    if is_negative { value.wrapping_neg() } else { value }
}

/// `mov %rax,%fs:0x8(%rcx,%rdx,8)`, `cmp 0x11ddcb(%rip),%rax  # 547ce8 <name>`, and what calls and pushes touch.
fn x86_64_operands(instruction: &str) -> Vec<Operand> {
    let (code, comment) = instruction.split_once('#').unwrap_or((instruction, ""));
    let mut words = code.split_whitespace().filter(|word| *word != "notrack" && *word != "bnd");
    let mnemonic = words.next().unwrap_or_default();
    if code.contains("nop") || mnemonic.starts_with("lea") {
        return Vec::new();
    }
    let stack = |constant: u64| Operand { registers: vec![("rsp".into(), 0)], constant, size: 1 };
    let mut found = Vec::new();
    match mnemonic {
        "push" | "call" => found.push(stack(8_u64.wrapping_neg())),
        "pop" | "ret" => found.push(stack(0)),
        _ => {}
    }
    let size = if code.contains("%xmm") { 16 } else { 1 };
    let arguments = words.collect::<Vec<_>>().join(" ");
    for text in split_arguments(&arguments) {
        let text = text.trim_start_matches('*');
        let (segment, text) = match text.strip_prefix("%fs:") {
            Some(rest) => (vec![("fs".into(), 0)], rest),
            None => (Vec::new(), text),
        };
        let Some((constant, inner)) = text.split_once('(') else {
            if !segment.is_empty() {
                found.push(Operand { registers: segment, constant: number(text), size });
            }
            continue;
        };
        if inner.starts_with("%rip") {
            let address = comment.split_whitespace().next().unwrap_or_default();
            let constant = u64::from_str_radix(address, 16).unwrap_or_default();
            found.push(Operand { registers: segment, constant, size });
            continue;
        }
        let mut parts = inner.trim_end_matches(')').split(',');
        let mut registers = segment;
        let base = parts.next().unwrap_or_default();
        registers.extend(base.strip_prefix('%').map(|name| (name.to_string(), 0)));
        if let Some(index) = parts.next().and_then(|name| name.strip_prefix('%')) {
            let scale = parts.next().map_or(1, number);
            registers.push((index.to_string(), scale.trailing_zeros()));
        }
        found.push(Operand { registers, constant: number(constant), size });
    }
    found
}

/// Splits at the commas outside of parentheses.
fn split_arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

/// `ldp x0, x1, [x2, #16]!`, `ldr x0, [x1], #8`, `ldrb w0, [x1, w2, uxtw #3]`.
fn aarch64_operands(instruction: &str) -> Vec<Operand> {
    let mnemonic = instruction.split_whitespace().next().unwrap_or_default();
    let Some((before, inside)) = instruction.split_once('[') else { return Vec::new() };
    let Some((inside, _)) = inside.split_once(']') else { return Vec::new() };
    if mnemonic.starts_with("prfm") {
        return Vec::new();
    }
    let is_pair = mnemonic.contains('p');
    let size = match before.split_whitespace().nth(1).and_then(|name| name.chars().next()) {
        Some('q') if is_pair => 32,
        Some('q') => 16,
        _ if is_pair => 16,
        _ => 1,
    };
    let mut operand = Operand { registers: Vec::new(), constant: 0, size };
    for part in inside.split(',').map(str::trim) {
        let last = operand.registers.len().wrapping_sub(1);
        if let Some(constant) = part.strip_prefix('#') {
            operand.constant = number(constant);
        } else if let Some(shift) = part.split_once(" #").map(|(_, shift)| number(shift)) {
            if let Some(register) = operand.registers.get_mut(last) {
                register.1 = shift as u32;
            }
        } else if part == "sp" {
            operand.registers.push((part.into(), 0));
        } else if let Some(digits) = part.strip_prefix(['x', 'w']).filter(|rest| *rest != "zr") {
            operand.registers.push((format!("x{digits:0>2}"), 0));
        }
    }
    vec![operand]
}
