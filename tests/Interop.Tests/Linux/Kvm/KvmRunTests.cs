using System.Buffers.Binary;
using System.Runtime.Versioning;

namespace VmBus.Interop.Tests.Linux.Kvm;

/// <summary>What a VP shares with the kernel, struct kvm_run, read where the C compiler has it: over a memfd, without a KVM.</summary>
[SupportedOSPlatform("linux")]
public sealed class KvmRunTests : IDisposable
{
    private const int RunSize = 3 * 4096;
    private static readonly string[] Headers = ["linux/kvm.h"];

    private readonly MemfdHandle _memfd = MemfdHandle.Create("vmbus-kvm-run", RunSize);
    private readonly MappedMemory _shared;
    private readonly KvmVp _vp;

    public KvmRunTests()
    {
        _shared = MappedMemory.Map(_memfd, 0, RunSize);
        // The VP owns its descriptor.
        _vp = new KvmVp(TestLibc.Duplicate(_memfd.Descriptor), RunSize);
    }

    [Fact]
    public void A_port_access_is_read_where_the_kernel_writes_it()
    {
        Write(("io.direction", 1, 1), ("io.size", 1, 2), ("io.port", 2, 0x3F8), ("io.count", 4, 3), ("io.data_offset", 8, 4096));
        Assert.Equal(new KvmPortAccess(IsWrite: true, Size: 2, Port: 0x3F8, Count: 3), _vp.PortAccess);
        _shared.AsSpan()[4096] = 17;
        Assert.Equal(6, _vp.PortData.Length);
        Assert.Equal(17, _vp.PortData[0]);
        _vp.PortData[5] = 18;
        Assert.Equal(18, _shared.AsSpan()[4101]);
        Write(("io.direction", 1, 0));
        Assert.False(_vp.PortAccess.IsWrite);
    }

    [Theory]
    [InlineData(RunSize, 1)]
    [InlineData(RunSize - 3, 1)]
    [InlineData(-1L, 1)]
    [InlineData(4096, uint.MaxValue)]
    public void Port_data_outside_what_is_shared_is_refused(long offset, long count)
    {
        Write(("io.size", 1, 4), ("io.count", 4, (ulong)count), ("io.data_offset", 8, (ulong)offset));
        Assert.Throws<InvalidOperationException>(() => _vp.PortData.Length);
    }

    [Fact]
    public void A_memory_access_is_read_where_the_kernel_writes_it()
    {
        Write(("mmio.phys_addr", 8, 0x1_2345_6789), ("mmio.data[0]", 1, 5), ("mmio.len", 4, 4), ("mmio.is_write", 1, 1));
        Assert.Equal(new KvmMemoryAccess(0x1_2345_6789, 4, IsWrite: true), _vp.MemoryAccess);
        Assert.Equal([5, 0, 0, 0], _vp.MemoryData.ToArray());
        Write(("mmio.len", 4, 9));
        Assert.Equal(8, _vp.MemoryData.Length);
    }

    [Fact]
    public void A_synic_exit_is_read_where_the_kernel_writes_it()
    {
        Write(("hyperv.type", 4, 1), ("hyperv.u.synic.msr", 4, 0x4000_0083), ("hyperv.u.synic.control", 8, 1), ("hyperv.u.synic.evt_page", 8, 0x5001), ("hyperv.u.synic.msg_page", 8, 0x6001));
        Assert.Equal(KvmHypervExit.Synic, _vp.HypervExit);
        Assert.Equal(new KvmSynicState(0x4000_0083, 1, EventFlagsPage: 0x5001, MessagePage: 0x6001), _vp.SynicState);
    }

    [Fact]
    public void A_hypercall_is_read_and_answered_where_the_kernel_has_it()
    {
        Write(("hyperv.type", 4, 2), ("hyperv.u.hcall.input", 8, 0x1_005D), ("hyperv.u.hcall.params[0]", 8, 7), ("hyperv.u.hcall.params[1]", 8, 8));
        Assert.Equal(KvmHypervExit.Hypercall, _vp.HypervExit);
        Assert.Equal((0x1_005Dul, 7ul, 8ul), _vp.Hypercall);
        _vp.AnswerHypercall(0x12);
        Assert.Equal(0x12ul, Read("hyperv.u.hcall.result"));
    }

    [Fact]
    public void A_system_event_is_read_where_the_kernel_writes_it()
    {
        Write(("system_event.type", 4, 3), ("system_event.ndata", 4, 1), ("system_event.data[0]", 8, 99));
        Assert.Equal((KvmSystemEvent.Crash, 99ul), _vp.SystemEvent);
        Write(("system_event.ndata", 4, 0));
        Assert.Equal((KvmSystemEvent.Crash, 0ul), _vp.SystemEvent);
    }

    [Fact]
    public void The_reason_of_a_failure_is_read_where_the_kernel_writes_it()
    {
        Write(("exit_reason", 4, (ulong)KvmExit.FailedEntry), ("fail_entry.hardware_entry_failure_reason", 8, 0x1_8000_0021));
        Assert.Equal(0x1_8000_0021ul, _vp.FailureReason);
        Write(("exit_reason", 4, (ulong)KvmExit.InternalError), ("internal.suberror", 4, 3));
        Assert.Equal(3ul, _vp.FailureReason);
        Write(("exit_reason", 4, (ulong)KvmExit.Unknown), ("hw.hardware_exit_reason", 8, 0x2_0000_0007));
        Assert.Equal(0x2_0000_0007ul, _vp.FailureReason);
    }

    [Fact]
    public void Coming_back_is_told_where_the_kernel_reads_it()
    {
        _vp.ComeBack(atOnce: true);
        Assert.Equal(1, _shared.AsSpan()[(int)Offset("immediate_exit")]);
        _vp.ComeBack(atOnce: false);
        Assert.Equal(-1, _shared.AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void A_VP_gives_back_its_mapping()
    {
        Assert.Equal(2, ProcSelf.Mappings("vmbus-kvm-run").Length);
        _vp.Dispose();
        Assert.Single(ProcSelf.Mappings("vmbus-kvm-run"));
    }

    public void Dispose()
    {
        _vp.Dispose();
        _shared.Dispose();
        _memfd.Dispose();
    }

    private static ulong Offset(string field) => CHeaders.Evaluate(Headers, [$"offsetof(struct kvm_run, {field})"])[0];

    private void Write(params (string Field, int Size, ulong Value)[] fields)
    {
        ulong[] known = CHeaders.Evaluate(Headers, [
            .. fields.Select(field => $"offsetof(struct kvm_run, {field.Field})"),
            .. fields.Select(field => $"sizeof(((struct kvm_run *)0)->{field.Field})")]);
        Span<byte> bytes = stackalloc byte[8];
        for (int i = 0; i < fields.Length; i++)
        {
            Assert.Equal((ulong)fields[i].Size, known[fields.Length + i]);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, fields[i].Value);
            bytes[..fields[i].Size].CopyTo(_shared.AsSpan()[(int)known[i]..]);
        }
    }

    private ulong Read(string field) => BinaryPrimitives.ReadUInt64LittleEndian(_shared.AsSpan()[(int)Offset(field)..]);
}
