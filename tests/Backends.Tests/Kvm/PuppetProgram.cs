using System.Buffers.Binary;
using System.Runtime.Versioning;
using Iced.Intel;
using VmBus.Hosting;
using VmBus.Kvm;
using static Iced.Intel.AssemblerRegisters;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>
/// The few instructions of a guest whose every VP does what its port tells it: hypercalls, registers, CPUID. Faults and
/// interrupts are counted. All of it lies in the guest's first MiB.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class PuppetProgram
{
    public const ushort FirstPort = 0x900;
    public const byte InterruptVector = 0xF3;

    /// <summary>Where VPs but the first start, in real mode: a page, as a start-up interrupt names it.</summary>
    public const ulong Startup = 0xA000;

    public const ulong HypercallPage = 0xE000;

    /// <summary>The table of interrupt and fault handlers, a page that all VPs share.</summary>
    public const ulong InterruptTable = 0xD000;

    /// <summary>Which VP starts next; read by the one that does.</summary>
    public const ulong StartingVp = Descriptors + 0x20;

    /// <summary>Of a mailbox: what a command takes, three words; what it gives, two; how many faults and interrupts there were.</summary>
    public const int Arguments = 0, Results = 24, Faults = 56, Interrupts = 64;

    private const ulong Code = 0xB000;
    private const ulong Descriptors = 0xC000;       // GDTR at +0, IDTR at +0x10
    private const uint Apic = 0xFEE0_0000;

    public static ulong Mailbox(int vp) => 0x1_0000 + (ulong)vp * 0x1000;

    /// <summary>A page for the inputs of a VP's hypercalls.</summary>
    public static ulong Input(int vp) => 0x5_0000 + (ulong)vp * 0x1000;

    /// <summary>A VP's message page; its event-flags page follows.</summary>
    public static ulong SynicPages(int vp) => 0x6_0000 + (ulong)vp * 0x2000;

    /// <summary>Writes the program; the first VP enters where it says, in 64-bit mode, with its index in R12.</summary>
    public static ulong Load(GuestMemory memory)
    {
        var assembler = new Assembler(64);
        Label first = assembler.CreateLabel(), other = assembler.CreateLabel(), fault = assembler.CreateLabel(), interrupt = assembler.CreateLabel();
        Assemble(assembler, ref first, ref other, ref fault, ref interrupt);
        using var stream = new MemoryStream();
        AssemblerResult made = assembler.Assemble(new StreamCodeWriter(stream), Code, BlockEncoderOptions.ReturnNewInstructionOffsets);
        stream.ToArray().CopyTo(memory.Bytes(Code, (int)stream.Length));

        Span<byte> descriptors = memory.Bytes(Descriptors, 0x20);
        BinaryPrimitives.WriteUInt16LittleEndian(descriptors, 4 * 8 - 1);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptors[2..], (uint)LongMode.TablesStart);
        BinaryPrimitives.WriteUInt16LittleEndian(descriptors[0x10..], 256 * 16 - 1);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptors[0x12..], InterruptTable);
        Span<byte> gates = memory.Bytes(InterruptTable, 256 * 16);
        for (int vector = 0; vector < 256; vector++)
        {
            ulong handler = made.GetLabelRIP(vector < 32 ? fault : interrupt);
            ulong gate = handler & 0xFFFF | (ulong)LongMode.CodeSelector << 16 | 0x8E00ul << 32 | (handler >> 16 & 0xFFFF) << 48;
            BinaryPrimitives.WriteUInt64LittleEndian(gates[(16 * vector)..], gate);
        }
        byte[] startup = TinyGuest.Assemble(16, a => AssembleStartup(a, made.GetLabelRIP(other)), address: 0);
        startup.CopyTo(memory.Bytes(Startup, startup.Length));
        return made.GetLabelRIP(first);
    }

    private static void Assemble(Assembler a, ref Label first, ref Label other, ref Label fault, ref Label interrupt)
    {
        Label next = a.CreateLabel(), afterCall = a.CreateLabel(), writeRegister = a.CreateLabel(), readRegister = a.CreateLabel(), cpuid = a.CreateLabel(), poke = a.CreateLabel(), writePort = a.CreateLabel(), stop = a.CreateLabel();
        a.Label(ref other);
        a.mov(eax, LongMode.DataSelector);
        a.mov(ds, ax);
        a.mov(es, ax);
        a.mov(ss, ax);
        a.mov(r12d, __dword_ptr[StartingVp]);
        a.Label(ref first);
        a.lidt(__[Descriptors + 0x10]);
        a.mov(ebp, r12d);
        a.shl(ebp, 12);
        a.add(ebp, (int)Mailbox(0));
        a.lea(rsp, __[rbp + 0x1000]);
        a.mov(edi, Apic + 0xF0);                        // the spurious vector, and the APIC on
        a.mov(__dword_ptr[rdi], 0x1FF);

        a.Label(ref next);
        a.sti();
        a.lea(edx, __[r12 * 4 + FirstPort]);
        a.@in(eax, dx);
        a.cmp(eax, (int)PuppetCommand.Hypercall);
        a.jne(afterCall);
        a.mov(rcx, __qword_ptr[rbp]);
        a.mov(rdx, __qword_ptr[rbp + 8]);
        a.mov(r8, __qword_ptr[rbp + 16]);
        a.mov(eax, (uint)HypercallPage);
        a.call(rax);
        a.mov(__qword_ptr[rbp + Results], rax);
        a.jmp(next);
        a.Label(ref afterCall);
        a.mov(ecx, __dword_ptr[rbp]);
        a.cmp(eax, (int)PuppetCommand.WriteRegister);
        a.je(writeRegister);
        a.cmp(eax, (int)PuppetCommand.ReadRegister);
        a.je(readRegister);
        a.cmp(eax, (int)PuppetCommand.Cpuid);
        a.je(cpuid);
        a.cmp(eax, (int)PuppetCommand.Poke);
        a.je(poke);
        a.cmp(eax, (int)PuppetCommand.WritePort);
        a.je(writePort);
        a.cmp(eax, (int)PuppetCommand.Nothing);
        a.je(next);
        a.Label(ref stop);
        a.cli();
        a.hlt();
        a.jmp(stop);

        a.Label(ref writeRegister);
        a.mov(eax, __dword_ptr[rbp + 8]);
        a.mov(edx, __dword_ptr[rbp + 12]);
        a.wrmsr();
        a.jmp(next);
        a.Label(ref readRegister);
        a.rdmsr();
        a.mov(__dword_ptr[rbp + Results], eax);
        a.mov(__dword_ptr[rbp + Results + 4], edx);
        a.jmp(next);
        a.Label(ref cpuid);
        a.mov(eax, ecx);
        a.mov(ecx, __dword_ptr[rbp + 8]);
        a.cpuid();
        a.mov(__dword_ptr[rbp + Results], eax);
        a.mov(__dword_ptr[rbp + Results + 4], ebx);
        a.mov(__dword_ptr[rbp + Results + 8], ecx);
        a.mov(__dword_ptr[rbp + Results + 12], edx);
        a.jmp(next);
        a.Label(ref poke);
        a.mov(eax, __dword_ptr[rbp + 8]);
        a.mov(__dword_ptr[rcx], eax);
        a.jmp(next);
        a.Label(ref writePort);
        a.mov(edx, ecx);
        a.mov(eax, __dword_ptr[rbp + 8]);
        a.@out(dx, al);
        a.jmp(next);

        // What faulted is not done again.
        a.Label(ref fault);
        a.inc(__qword_ptr[rbp + Faults]);
        a.lea(rsp, __[rbp + 0x1000]);
        a.jmp(next);
        a.Label(ref interrupt);
        a.inc(__qword_ptr[rbp + Interrupts]);
        a.push(rdi);
        a.mov(edi, Apic + 0xB0);                        // end of interrupt
        a.mov(__dword_ptr[rdi], 0);
        a.pop(rdi);
        a.iretq();
    }

    // From real mode straight to 64-bit mode, over the tables of the first VP.
    private static void AssembleStartup(Assembler a, ulong entry)
    {
        a.cli();
        a.xor(ax, ax);
        a.mov(ds, ax);
        a.lgdt(__[(int)Descriptors]);
        a.mov(eax, 0x620);                              // PAE, FXSR, SIMD exceptions
        a.mov(cr4, eax);
        a.mov(eax, (uint)LongMode.TablesStart + 0x1000);
        a.mov(cr3, eax);
        a.mov(ecx, 0xC000_0080);                        // EFER
        a.rdmsr();
        a.or(eax, 0x100);                               // long mode
        a.wrmsr();
        a.mov(eax, 0x8001_0031);                        // paging, write protection, protected mode
        a.mov(cr0, eax);
        a.AddInstruction(Instruction.CreateBranch(Iced.Intel.Code.Jmp_ptr1632, LongMode.CodeSelector, (uint)entry));
    }
}
