using System.Buffers.Binary;
using System.Runtime.Versioning;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Iced.Intel;
using Microsoft.Extensions.Time.Testing;
using VmBus.Hosting;
using VmBus.Kvm;
using static Iced.Intel.AssemblerRegisters;

namespace VmBus.Backends.Tests.Kvm.Machine;

/// <summary>A machine that boots a kernel of a few instructions, entered as the 64-bit boot protocol says.</summary>
[SupportedOSPlatform("linux")]
public sealed class LinuxMachineTests
{
    private const ulong Kernel = 0x10_0000;

    [KvmFact]
    public async Task The_kernel_finds_its_parameters_and_writes_to_its_console_and_turns_the_machine_off()
    {
        var console = new StringBuilder();
        byte[] disk = [.. Enumerable.Range(1, 5000).Select(i => (byte)i)];
        // Prints the command line, and turns the machine off.
        using LinuxMachine machine = Boot(a =>
        {
            Label next = a.CreateLabel(), end = a.CreateLabel();
            a.mov(ebx, __dword_ptr[rsi + 0x228]);
            a.mov(edx, 0x3F8);
            a.Label(ref next);
            a.mov(al, __byte_ptr[rbx]);
            a.test(al, al);
            a.jz(end);
            a.@out(dx, al);
            a.inc(ebx);
            a.jmp(next);
            a.Label(ref end);
            a.mov(edx, 0x604);
            a.mov(eax, 1 << 13 | 5 << 10);
            a.@out(dx, ax);
            a.hlt();
        }, options => options with { InitialDisk = disk, CommandLine = "console=ttyS0 quiet", Console = one => console.Append((char)one) });
        machine.Start();

        Assert.Equal(GuestEndReason.PoweredOff, (await EndAsync(machine)).Reason);

        Assert.Equal("console=ttyS0 quiet", console.ToString());
        Span<byte> parameters = machine.Partition.GuestMemory.Bytes(0x9000, 4096);
        Assert.Equal(("HdrS", 0xFF), (Encoding.ASCII.GetString(parameters.Slice(0x202, 4)), parameters[0x210]));
        uint address = BinaryPrimitives.ReadUInt32LittleEndian(parameters[0x218..]);
        Assert.Equal(5000u, BinaryPrimitives.ReadUInt32LittleEndian(parameters[0x21C..]));
        Assert.Equal((8u << 20) - 0x2000, address);
        Assert.Equal(disk, machine.Partition.GuestMemory.Bytes(address, 5000).ToArray());
        Assert.Equal(AcpiTables.Address, BinaryPrimitives.ReadUInt64LittleEndian(parameters[0x70..]));
        Assert.Equal("RSD PTR ", Encoding.ASCII.GetString(machine.Partition.GuestMemory.Bytes(AcpiTables.Address, 8)));
        Assert.Equal([(0ul, 0x9_FC00ul, 1u), (0x9_FC00ul, 0x10_0000ul - 0x9_FC00, 2u), (0x10_0000ul, (8ul << 20) - 0x10_0000, 1u)], MemoryMap(parameters));
    }

    [KvmFact]
    public async Task A_kernel_that_resets_its_machine_ends_it_with_a_reset()
    {
        foreach (bool keyboard in new[] { false, true })
        {
            using LinuxMachine machine = Boot(a =>
            {
                a.mov(edx, keyboard ? 0x64 : 0xCF9);
                a.mov(eax, keyboard ? 0xFE : 6);
                a.@out(dx, al);
                a.hlt();
            });
            machine.Start();
            Assert.Equal(GuestEndReason.Reset, (await EndAsync(machine)).Reason);
        }
    }

    [KvmFact(interrupts: true)]
    public async Task What_is_typed_reaches_the_kernel()
    {
        var console = new StringBuilder();
        using LinuxMachine machine = Boot(a =>
        {
            Label wait = a.CreateLabel();
            a.mov(ecx, 3);
            a.Label(ref wait);
            a.mov(edx, 0x3FD);
            a.@in(al, dx);
            a.test(al, 1);
            a.jz(wait);
            a.mov(edx, 0x3F8);
            a.@in(al, dx);
            a.@out(dx, al);
            a.dec(ecx);
            a.jnz(wait);
            a.mov(edx, 0x604);
            a.mov(eax, 1 << 13 | 5 << 10);
            a.@out(dx, ax);
            a.hlt();
        }, options => options with { Console = one => console.Append((char)one), Partition = KvmNeeds.OfInterrupts });
        machine.Start();
        machine.Type("ab"u8);
        machine.Type("c"u8);
        Assert.Equal(GuestEndReason.PoweredOff, (await EndAsync(machine)).Reason);
        Assert.Equal("abc", console.ToString());
    }

    [KvmFact]
    public async Task The_kernel_reads_the_time_of_the_host_s_clock()
    {
        var console = new List<byte>();
        byte[] registers = [0x32, 9, 8, 7, 4, 2, 0, 10];
        // Prints what the clock's registers hold, and turns the machine off.
        using LinuxMachine machine = Boot(a =>
        {
            foreach (byte register in registers)
            {
                a.mov(eax, register);
                a.@out(0x70, al);
                a.@in(al, 0x71);
                a.mov(edx, 0x3F8);
                a.@out(dx, al);
            }
            a.mov(edx, 0x604);
            a.mov(eax, 1 << 13 | 5 << 10);
            a.@out(dx, ax);
            a.hlt();
        }, options => options with
        {
            Clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 29, 13, 45, 59, TimeSpan.Zero)),
            Console = console.Add,
        });
        machine.Start();
        Assert.Equal(GuestEndReason.PoweredOff, (await EndAsync(machine)).Reason);
        Assert.Equal([0x20, 0x26, 0x11, 0x29, 0x13, 0x45, 0x59, 0x26], console);
    }

    [KvmFact]
    public void What_does_not_fit_is_refused_and_leaves_nothing_behind()
    {
        KvmResources before = KvmResources.Count();
        Refused(TinyImage.Create(address: 0x7FF000));
        Refused(TinyImage.Create(address: 0x1000));
        Refused(TinyImage.Create(address: ulong.MaxValue - 0x1000));
        Refused(TinyImage.Create(address: 0x9_0000_0000));
        Refused(TinyImage.Create(runSize: uint.MaxValue));
        Refused(TinyImage.Create(), disk: 8 << 20);
        Refused(TinyImage.Create(), disk: 7 << 20);
        Refused(TinyImage.Create(diskLimit: 0x1000), disk: 0x2000);
        Refused(TinyImage.Create(lineLimit: 3), line: "four");
        Refused(TinyImage.Create(lineLimit: uint.MaxValue), line: new string('x', 0x1_0000));
        before.AssertUnchanged();

        static void Refused(byte[] kernel, int disk = 0, string line = "") => Assert.Throws<InvalidDataException>(() => new LinuxMachine(new LinuxMachineOptions
        {
            Kernel = kernel,
            InitialDisk = new byte[disk],
            CommandLine = line,
            Partition = KvmNeeds.OfAnyGuest,
        }));
    }

    // Whatever a header says, the loader writes into the guest's memory or refuses.
    [Property(MaxTest = 150)]
    public Property Any_header_is_loaded_or_refused() => Prop.ForAll(ArbMap.Default.ArbFor<(ulong Address, uint RunSize, uint DiskLimit, ushort Disk, byte Shift)>(), input =>
    {
        if (!OperatingSystem.IsLinux() || new KvmFactAttribute().Skip is not null)
            return true;
        ulong address = input.Shift % 3 == 0 ? input.Address : input.Address % (9 << 20);
        uint runSize = input.Shift % 2 == 0 ? input.RunSize : input.RunSize % (8 << 20);
        try
        {
            using var machine = new LinuxMachine(new LinuxMachineOptions
            {
                Kernel = TinyImage.Create(address: address, runSize: runSize, diskLimit: input.Shift % 5 == 0 ? input.DiskLimit % (9 << 20) : input.DiskLimit),
                InitialDisk = new byte[input.Disk],
                Partition = KvmNeeds.OfAnyGuest,
            });
            return true;
        }
        catch (InvalidDataException)
        {
            return true;
        }
    });

    private static LinuxMachine Boot(Action<Assembler> kernel, Func<LinuxMachineOptions, LinuxMachineOptions>? change = null)
    {
        var options = new LinuxMachineOptions
        {
            Kernel = TinyImage.Create(TinyGuest.Assemble(64, kernel, Kernel + LinuxImage.Entry)),
            Partition = KvmNeeds.OfAnyGuest,
        };
        return new LinuxMachine(change?.Invoke(options) ?? options);
    }

    private static Task<GuestEnd> EndAsync(LinuxMachine machine) => machine.Ended.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

    private static (ulong, ulong, uint)[] MemoryMap(ReadOnlySpan<byte> parameters)
    {
        var entries = new (ulong, ulong, uint)[parameters[0x1E8]];
        for (int i = 0; i < entries.Length; i++)
        {
            ReadOnlySpan<byte> entry = parameters[(0x2D0 + 20 * i)..];
            entries[i] = (BinaryPrimitives.ReadUInt64LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]), BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]));
        }
        return entries;
    }
}
