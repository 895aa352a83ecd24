using System.Buffers.Binary;
using System.Runtime.Versioning;
using Iced.Intel;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>A guest of a few instructions.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TinyGuest : IDisposable
{
    /// <summary>Where the code is.</summary>
    public const ulong Code = 0xA000;

    /// <summary>A page of the guest's that nothing else uses.</summary>
    public const ulong Data = 0x2_0000;

    private TinyGuest(KvmPartitionOptions options, int bits, Action<Assembler> code)
    {
        Partition = new KvmPartition(options);
        byte[] bytes = Assemble(bits, code, Code);
        bytes.CopyTo(Partition.GuestMemory.Bytes(Code, bytes.Length));
    }

    public KvmPartition Partition { get; }

    /// <summary>A guest in the mode that a processor starts in: addresses are 16 bits, all segments begin at 0.</summary>
    public static TinyGuest RealMode(Action<Assembler> code, KvmPartitionOptions? options = null)
    {
        var guest = new TinyGuest(options ?? KvmNeeds.OfAnyGuest, 16, code);
        KvmVp vp = guest.Partition.Processors[0].Vp;
        KvmSpecialRegisters special = vp.GetSpecialRegisters();
        special.Cs.Base = 0;
        special.Cs.Selector = 0;
        vp.SetSpecialRegisters(special);
        vp.SetRegisters(new KvmRegisters { Rip = Code, Rsp = Code, Rflags = 2 });
        return guest;
    }

    /// <summary>A guest in 64-bit mode, the first 4 GiB mapped one to one.</summary>
    public static TinyGuest LongMode(Action<Assembler> code, KvmPartitionOptions? options = null)
    {
        var guest = new TinyGuest(options ?? KvmNeeds.OfAnyGuest, 64, code);
        VmBus.Kvm.LongMode.Enter(guest.Partition.Processors[0].Vp, guest.Partition.GuestMemory, new KvmRegisters { Rip = Code, Rsp = Data });
        return guest;
    }

    /// <summary>Machine code.</summary>
    public static byte[] Assemble(int bits, Action<Assembler> code, ulong address)
    {
        var assembler = new Assembler(bits);
        code(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }

    /// <summary>Runs the guest to its end.</summary>
    public async Task<GuestEnd> RunAsync()
    {
        Partition.Start();
        return await EndAsync();
    }

    /// <summary>Waits for the end of a guest that runs.</summary>
    public Task<GuestEnd> EndAsync() => Partition.Ended.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

    public ulong Word(ulong offset) => BinaryPrimitives.ReadUInt64LittleEndian(Partition.GuestMemory.Bytes(Data + offset, 8));

    public void Dispose() => Partition.Dispose();
}
