using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Kvm;
using static Iced.Intel.AssemblerRegisters;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>Guests of a few instructions, on any KVM: ports, memory, ends.</summary>
[SupportedOSPlatform("linux")]
public sealed class TinyGuestTests
{
    private const ulong Data = TinyGuest.Data;

    [KvmFact]
    public async Task Port_accesses_of_every_size_reach_their_device_and_its_answers_the_guest()
    {
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            a.mov(edx, 0x501);
            a.mov(eax, 0x1234_5678);
            a.@out(dx, al);
            a.@out(dx, ax);
            a.@out(dx, eax);
            a.@out(0x7F, al);
            a.mov(rax, 0x1111_1111_1111_1111);
            a.@in(al, dx);
            a.mov(__qword_ptr[Data], rax);
            a.mov(rax, 0x1111_1111_1111_1111);
            a.@in(ax, dx);
            a.mov(__qword_ptr[Data + 8], rax);
            a.@in(eax, dx);
            a.mov(__qword_ptr[Data + 16], rax);
            a.hlt();
        });
        var device = new RecordingPort(0x500, 8);
        var other = new RecordingPort(0x7F, 1);
        guest.Partition.AddPorts(other);
        guest.Partition.AddPorts(device);

        Assert.Equal(GuestEndReason.Halted, (await guest.RunAsync()).Reason);

        Assert.Equal([(1, 1, 0x78u), (1, 2, 0x5678u), (1, 4, 0x1234_5678u), (1, 1, null), (1, 2, null), (1, 4, null)], device.Accesses);
        Assert.Equal([(0, 1, 0x78u)], other.Accesses);
        Assert.Equal((0x1111_1111_1111_11D1ul, 0x1111_1111_1111_C0D2ul, 0xA0B0_C0D3ul), (guest.Word(0), guest.Word(8), guest.Word(16)));
        Assert.True(guest.Partition.Processors[0].Exits >= 8);
    }

    // A full disk under the console, for one. The thread is the VP's, and an exception that leaves it ends the process.
    [KvmFact]
    public async Task An_exception_of_a_port_device_ends_the_guest_and_says_so()
    {
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            a.mov(edx, 0x501);
            a.@out(dx, al);
            a.hlt();
        });
        guest.Partition.AddPorts(new BrokenPort());

        GuestEnd end = await guest.RunAsync();

        Assert.Equal((GuestEndReason.Failed, "The device at port 0x501 failed: No space left (IOException)"), (end.Reason, end.Detail));
    }

    private sealed class BrokenPort : IPortDevice
    {
        public ushort FirstPort => 0x500;

        public int PortCount => 8;

        public uint Read(int offset, int size) => 0;

        public void Write(int offset, int size, uint value) => throw new IOException("No space left");
    }

    [KvmFact]
    public async Task String_instructions_reach_their_device_element_by_element()
    {
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            a.cld();
            a.mov(esi, (uint)Data + 0x100);
            a.mov(edx, 0x500);
            a.mov(ecx, 5);
            a.rep.outsb();
            a.mov(ecx, 3);
            a.rep.outsw();
            a.mov(edi, (uint)Data);
            a.mov(ecx, 2);
            a.rep.insd();
            a.hlt();
        });
        Encoding.ASCII.GetBytes("vmbus123456").CopyTo(guest.Partition.GuestMemory.Bytes(Data + 0x100, 11));
        var device = new RecordingPort(0x500, 1);
        guest.Partition.AddPorts(device);

        Assert.Equal(GuestEndReason.Halted, (await guest.RunAsync()).Reason);

        Assert.Equal(
            [(0, 1, 'v'), (0, 1, 'm'), (0, 1, 'b'), (0, 1, 'u'), (0, 1, 's'), (0, 2, 0x3231), (0, 2, 0x3433), (0, 2, 0x3635), (0, 4, null), (0, 4, null)],
            device.Accesses);
        Assert.Equal(0xA0B0_C0D2_A0B0_C0D1ul, guest.Word(0));
    }

    [KvmFact]
    public async Task Ports_without_a_device_read_as_ones_and_take_any_write()
    {
        using TinyGuest guest = TinyGuest.RealMode(a =>
        {
            a.mov(dx, 0x300);
            a.@out(dx, eax);
            a.xor(eax, eax);
            a.@in(eax, dx);
            a.mov(bx, 0x9000);
            a.mov(__dword_ptr[bx], eax);
            a.hlt();
        });
        Assert.Equal(GuestEndReason.Halted, (await guest.RunAsync()).Reason);
        Assert.Equal(uint.MaxValue, MemoryMarshal.Read<uint>(guest.Partition.GuestMemory.Bytes(0x9000, 4)));
    }

    [KvmFact]
    public async Task Addresses_without_memory_read_as_ones_and_lose_what_is_written()
    {
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            a.mov(ebx, 0x9000_0000);
            a.mov(rax, 0x1234);
            a.mov(__qword_ptr[rbx], rax);
            a.mov(rax, __qword_ptr[rbx]);
            a.mov(__qword_ptr[Data], rax);
            a.mov(eax, 0x1111_1111);
            a.mov(al, __byte_ptr[rbx + 3]);
            a.mov(__dword_ptr[Data + 8], eax);
            a.hlt();
        });
        Assert.Equal(GuestEndReason.Halted, (await guest.RunAsync()).Reason);
        Assert.Equal((ulong.MaxValue, 0x1111_11FFul), (guest.Word(0), guest.Word(8)));
    }

    [KvmFact]
    public async Task A_halt_without_interrupt_controllers_is_an_end_that_says_where()
    {
        using TinyGuest guest = TinyGuest.RealMode(a => a.hlt());
        GuestEnd end = await guest.RunAsync();
        Assert.Equal(GuestEndReason.Halted, end.Reason);
        Assert.Contains($"VP 0 halted at 0x{TinyGuest.Code + 1:x}", end.Detail, StringComparison.Ordinal);
    }

    [KvmFact]
    public async Task A_triple_fault_is_an_end_that_says_where()
    {
        // There is no interrupt table: the fault faults, and so does that.
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            a.nop();
            a.ud2();
        });
        GuestEnd end = await guest.RunAsync();
        Assert.Equal(GuestEndReason.TripleFault, end.Reason);
        Assert.Contains("VP 0 had a triple fault", end.Detail, StringComparison.Ordinal);
    }

    [KvmFact]
    public async Task A_guest_without_Hyper_V_finds_no_hypervisor()
    {
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            a.mov(eax, 1);
            a.cpuid();
            a.mov(__dword_ptr[Data], ebx);
            a.mov(__dword_ptr[Data + 4], ecx);
            a.mov(__dword_ptr[Data + 8], edx);
            a.hlt();
        });
        Assert.Equal(GuestEndReason.Halted, (await guest.RunAsync()).Reason);
        (uint place, uint more, uint features) = ((uint)guest.Word(0), (uint)(guest.Word(0) >> 32), (uint)guest.Word(8));
        Assert.SkipUnless(await AnswersCpuidAsync(), "NOT CHECKED: the KVM here lets the processor answer CPUID.");
        Assert.Equal((0u, 1u), (place >> 24, place >> 16 & 0xFF));
        Assert.Equal(0u, more >> 31);
        Assert.NotEqual(0u, features & 1); // a floating-point unit: the leaf is the processor's
    }

    [KvmFact]
    public void Memory_is_shared_with_the_guest_both_ways_and_atomically()
    {
        const int Rounds = 2000;
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            Iced.Intel.Label again = a.CreateLabel(), wait = a.CreateLabel();
            a.mov(ecx, Rounds);
            a.mov(ebx, (uint)Data);
            a.mov(__dword_ptr[rbx + 128], 1);
            a.Label(ref wait);
            a.pause();
            a.cmp(__dword_ptr[rbx + 64], 0);
            a.je(wait);
            a.Label(ref again);
            a.@lock.inc(__qword_ptr[rbx]);
            a.dec(ecx);
            a.jnz(again);
            a.hlt();
        });
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(guest.Partition.GuestMemory.Bytes(Data, 256));
        guest.Partition.Start();
        while (Volatile.Read(ref words[16]) == 0)
            Assert.False(guest.Partition.Ended.IsCompleted);
        Volatile.Write(ref words[8], 1);
        int mine = 0;
        for (; mine < Rounds || (!guest.Partition.Ended.IsCompleted && mine < int.MaxValue); mine++)
            Interlocked.Increment(ref words[0]);
        Assert.Equal(GuestEndReason.Halted, guest.Partition.Ended.Result.Reason);
        Assert.Equal((ulong)(mine + Rounds), words[0]);
    }

    [KvmFact]
    public async Task Another_thread_stops_a_guest_that_spins()
    {
        using TinyGuest guest = TinyGuest.LongMode(Spin);
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(guest.Partition.GuestMemory.Bytes(Data, 8));
        guest.Partition.Start();
        while (Volatile.Read(ref words[0]) == 0)
            Assert.False(guest.Partition.Ended.IsCompleted);
        guest.Partition.Stop(GuestEndReason.PoweredOff, "pulled");
        guest.Partition.Stop();
        Assert.Equal(new GuestEnd(GuestEndReason.PoweredOff, "pulled"), await guest.EndAsync());
        Background.Run(guest.Dispose).Join();
    }

    [KvmFact(interrupts: true)]
    public async Task Another_thread_stops_a_guest_that_waits_for_an_interrupt()
    {
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            Iced.Intel.Label again = a.CreateLabel();
            a.Label(ref again);
            a.mov(eax, 1);
            a.@out(0x80, al);
            a.hlt();
            a.jmp(again);
        }, KvmNeeds.OfInterrupts);
        var device = new RecordingPort(0x80, 1);
        guest.Partition.AddPorts(device);
        guest.Partition.Start();
        Background.Until(() => device.Accesses.Count > 0, "the guest runs");
        guest.Partition.Stop();
        Assert.Equal(GuestEndReason.Stopped, (await guest.EndAsync()).Reason);
        Background.Run(guest.Dispose).Join();
        Assert.Single(device.Accesses);
    }

    [KvmFact(interrupts: true)]
    public void Every_one_of_several_VPs_is_stopped_also_those_that_were_never_woken()
    {
        KvmResources before = KvmResources.Count();
        for (int round = 0; round < 5; round++)
        {
            using TinyGuest guest = TinyGuest.LongMode(Spin, KvmNeeds.OfInterrupts with { VpCount = 4 });
            Assert.Equal(4, guest.Partition.VpCount);
            guest.Partition.Start();
        }
        before.AssertUnchanged();
    }

    [KvmFact]
    public async Task A_device_may_end_the_guest_from_within_its_access()
    {
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            a.@out(0x80, al);
            a.mov(__dword_ptr[Data], 1);
            a.hlt();
        });
        guest.Partition.AddPorts(new EndingPort(guest.Partition));
        Assert.Equal(GuestEndReason.PoweredOff, (await guest.RunAsync()).Reason);
        Background.Run(guest.Dispose).Join();
    }

    [KvmFact]
    public void A_guest_that_is_disposed_leaves_nothing_behind()
    {
        // What the runtime makes once, for the first of them.
        OneGuest(start: true);
        KvmResources before = KvmResources.Count();
        for (int round = 0; round < 20; round++)
            OneGuest(start: round % 2 == 0);
        before.AssertUnchanged();

        static void OneGuest(bool start)
        {
            using TinyGuest guest = TinyGuest.LongMode(Spin);
            if (start)
                guest.Partition.Start();
            guest.Dispose();
        }
    }

    // Whether guests read what they were given.
    private static async Task<bool> AnswersCpuidAsync()
    {
        const uint Marker = 0x1234_5678;
        using TinyGuest guest = TinyGuest.LongMode(a =>
        {
            a.mov(eax, 0x4000_0000);
            a.cpuid();
            a.mov(__dword_ptr[Data], ebx);
            a.hlt();
        });
        guest.Partition.Processors[0].Vp.SetCpuid([new KvmCpuidEntry { Function = 0 }, new KvmCpuidEntry { Function = 0x4000_0000, Eax = 0x4000_0000, Ebx = Marker }]);
        await guest.RunAsync();
        return guest.Word(0) == Marker;
    }

    private static void Spin(Iced.Intel.Assembler a)
    {
        Iced.Intel.Label again = a.CreateLabel();
        a.mov(__dword_ptr[Data], 1);
        a.Label(ref again);
        a.jmp(again);
    }

    private sealed class EndingPort(KvmPartition partition) : IPortDevice
    {
        public ushort FirstPort => 0x80;

        public int PortCount => 1;

        public uint Read(int offset, int size) => 0;

        public void Write(int offset, int size, uint value) => partition.Stop(GuestEndReason.PoweredOff, "The device says so.");
    }
}
