using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Whp.Tests;

/// <summary>What reaches the platform, byte for byte, and what each kind of exit leads to.</summary>
public sealed class WhpCallTests
{
    private const uint Connection = 0x2007;
    private const ushort Kernel64 = 1 << 2 | 1 << 4;

    [Fact]
    public void A_partition_is_set_up_with_properties_then_memory_then_VPs()
    {
        using var partition = new WhpPartition(new() { MemorySize = 2 << 20, VpCount = 3 });
        List<StandinCall> calls = Standin.Calls(partition.Vm.DangerousGetHandle());
        Assert.Equal(
            ["WHvCreatePartition", "WHvSetPartitionProperty", "WHvSetPartitionProperty", "WHvSetPartitionProperty", "WHvSetPartitionProperty",
                "WHvSetPartitionProperty", "WHvSetupPartition", "WHvMapGpaRange", "WHvCreateVirtualProcessor", "WHvCreateVirtualProcessor", "WHvCreateVirtualProcessor"],
            calls.Select(call => call.Name));
        // Code, size, value.
        Assert.Equal("FF1F00000400000003000000", Convert.ToHexString(calls[1].Bytes));
        Assert.Equal("051000000400000001000000", Convert.ToHexString(calls[2].Bytes));
        Assert.Equal("05000000080000000100000000000000", Convert.ToHexString(calls[3].Bytes));
        Assert.Equal("01000000080000002204000000000000", Convert.ToHexString(calls[4].Bytes));
        Assert.Equal("0C100000100000000100000000000000FF0F442F00000000", Convert.ToHexString(calls[5].Bytes));
        Assert.Equal((0ul, 2ul << 20, 7u), (calls[7].U64(0), calls[7].U64(8), calls[7].U32(16)));
        Assert.Equal([0u, 1u, 2u], calls[8..].Select(call => call.U32(0)));
    }

    [Fact]
    public async Task A_partition_gives_everything_back_and_is_deleted_last()
    {
        var partition = new WhpPartition(new() { MemorySize = 1 << 20, VpCount = 2 });
        nint vm = partition.Vm.DangerousGetHandle();
        partition.Start();
        int before = Standin.Calls(vm).Count;
        partition.Dispose();
        partition.Dispose();
        Assert.Equal(GuestEndReason.Stopped, (await partition.Ended).Reason);
        Assert.Equal(0u, Standin.Left(vm));
        Assert.Equal(
            ["WHvDeleteVirtualProcessor", "WHvDeleteVirtualProcessor", "WHvUnmapGpaRange", "WHvDeletePartition"],
            Standin.Calls(vm).Skip(before).Select(call => call.Name).Where(name => !name.EndsWith("RunVirtualProcessor", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_message_is_256_bytes_with_its_header()
    {
        using var rig = new WhpRig();
        Assert.Equal(HypercallStatus.Success, rig.Partition.PostMessage(new MessageTarget(1, 4), [0xA1, 0xB2, 0xC3]));
        StandinCall call = Assert.Single(rig.Calls("WHvPostVirtualProcessorSynicMessage"));
        Assert.Equal((1u, 4u, 256u, 12 + 256), (call.U32(0), call.U32(4), call.U32(8), call.Bytes.Length));
        Assert.Equal("0100000003000000" + "0000000000000000" + "A1B2C3", Convert.ToHexString(call.Bytes.AsSpan(12, 19)));
        Assert.Equal(-1, call.Bytes.AsSpan(31).IndexOfAnyExcept((byte)0));
        Assert.Equal(HypercallStatus.InvalidParameter, rig.Partition.PostMessage(new MessageTarget(1, 16), [1]));
        Assert.Equal(HypercallStatus.InvalidParameter, rig.Partition.PostMessage(new MessageTarget(1, 2), new byte[241]));
    }

    [Fact]
    public void A_SynIC_that_is_off_takes_neither_messages_nor_event_flags()
    {
        using var rig = new WhpRig(new() { UseTriggers = false });
        Standin.SetSynic(rig.Vm, 0, 0, 0, 0);
        Assert.Equal(HypercallStatus.InvalidSynicState, rig.Partition.PostMessage(new MessageTarget(0), [1]));
        using IEventFlag flag = rig.Partition.TryCreateEventFlag(new MessageTarget(0), 3)!;
        Assert.Equal(HypercallStatus.InvalidSynicState, flag.Signal());
    }

    [Fact]
    public void A_full_slot_asks_once_for_an_exit_and_gets_it_when_the_slot_is_free()
    {
        using var rig = new WhpRig();
        using var freed = new SemaphoreSlim(0);
        using IDisposable watch = rig.Partition.WatchMessageSlots(() => freed.Release());
        Assert.Equal(HypercallStatus.Success, rig.Partition.PostMessage(new MessageTarget(0), [1]));
        for (int attempt = 0; attempt < 3; attempt++)
            Assert.Equal(HypercallStatus.ObjectInUse, rig.Partition.PostMessage(new MessageTarget(0), [2]));
        Assert.True(SpinWait.SpinUntil(() => rig.Calls("WHvSetVirtualProcessorRegisters").Any(), Patience.Limit));
        Assert.Equal(0, freed.CurrentCount);
        StandinCall asked = rig.Calls("WHvSetVirtualProcessorRegisters").First();
        Assert.Equal((0u, 1u, 0x80000004u, 1ul << 50), (asked.U32(0), asked.U32(4), asked.U32(8), asked.U64(12)));

        using (rig.Guest.ReceiveMessages(_ => { }))
            Assert.True(freed.Wait(Patience.Limit, WhpRig.Token));
        Assert.True(SpinWait.SpinUntil(() => rig.Partition.PostMessage(new MessageTarget(0), [2]) == HypercallStatus.Success, Patience.Limit));
    }

    [Fact]
    public void An_event_flag_has_a_trigger_that_is_updated_and_deleted()
    {
        Assert.SkipWhen(Standin.IsOld, "This stand-in has no triggers.");
        using var rig = new WhpRig();
        using (IEventFlag flag = rig.Partition.TryCreateEventFlag(new MessageTarget(0, 2), 0x7FF)!)
        {
            // Type, reserved, VP, SINT and flag, the rest of the union.
            Assert.Equal("0100000000000000" + "000000000200FF07" + new string('0', 32), Convert.ToHexString(Assert.Single(rig.Calls("WHvCreateTrigger")).Bytes));
            flag.Retarget(1);
            Assert.Equal("0100000000000000" + "010000000200FF07" + new string('0', 32), Convert.ToHexString(Assert.Single(rig.Calls("WHvUpdateTriggerParameters")).Bytes));
            Assert.Throws<ArgumentOutOfRangeException>(() => flag.Retarget(2));
        }
        Assert.Single(rig.Calls("WHvDeleteTrigger"));
        Assert.Empty(rig.Calls("WHvSignalVirtualProcessorSynicEvent"));
    }

    [Fact]
    public void An_event_flag_without_a_trigger_is_passed_by_value()
    {
        using var rig = new WhpRig(new() { UseTriggers = false });
        using IEventFlag flag = rig.Partition.TryCreateEventFlag(new MessageTarget(1, 2), 0x123)!;
        Assert.Equal(HypercallStatus.Success, flag.Signal());
        Assert.Equal("0100000002002301", Convert.ToHexString(Assert.Single(rig.Calls("WHvSignalVirtualProcessorSynicEvent")).Bytes));
    }

    [Fact]
    public void A_port_takes_the_guests_signals_and_no_exit_is_made()
    {
        Assert.SkipWhen(Standin.IsOld, "This stand-in has no ports.");
        using var rig = new WhpRig();
        using ISignalGate gate = rig.Partition.CreateGate();
        using (rig.Partition.ConnectEvents(Connection, gate))
        {
            Assert.Equal("0200000000000000" + "07200000" + new string('0', 40), Convert.ToHexString(Assert.Single(rig.Calls("WHvCreateNotificationPort")).Bytes));
            Assert.Equal(HypercallStatus.Success, rig.Guest.Signal(Connection));
            Assert.True(gate.Wait(Patience.Limit, WhpRig.Token));
            Assert.All(rig.Partition.Processors, vp => Assert.Equal(0, vp.Hypercalls));

            // By memory it may come out all the same.
            using IGuestPages pages = rig.Guest.AllocatePages(1);
            ulong gpa = pages.PageFrames.Span[0] * 4096;
            rig.Partition.Memory.TryWrite(gpa, BitConverter.GetBytes(new SignalEventInput(Connection).ToRegister()));
            Assert.Equal(HypercallStatus.Success, rig.Guest.Call(0, new HypercallControl(HypercallCode.SignalEvent), gpa));
            Assert.True(gate.Wait(Patience.Limit, WhpRig.Token));
        }
        Assert.Equal(Connection, Assert.Single(rig.Calls("WHvDeleteNotificationPort")).U32(0));
    }

    [Fact]
    public void More_ports_than_one_thread_can_wait_for_are_all_heard()
    {
        Assert.SkipWhen(Standin.IsOld, "This stand-in has no ports.");
        using var rig = new WhpRig();
        const int Count = 150;
        int[] heard = new int[Count];
        var connections = new List<IDisposable>();
        for (int i = 0; i < Count; i++)
        {
            int index = i;
            connections.Add(rig.Partition.ConnectEvents((uint)(0x3000 + i), () => Interlocked.Increment(ref heard[index])));
        }
        for (int i = 0; i < Count; i++)
            Assert.Equal(HypercallStatus.Success, rig.Guest.Signal((uint)(0x3000 + i)));
        Assert.True(SpinWait.SpinUntil(() => heard.All(count => count == 1), Patience.Limit));

        // Taken away and put back, in the middle of the others.
        connections[70].Dispose();
        Assert.Equal(HypercallStatus.InvalidConnectionId, rig.Guest.Signal(0x3000 + 70));
        connections[70] = rig.Partition.ConnectEvents(0x3000 + 70, () => Interlocked.Increment(ref heard[70]));
        rig.Guest.Signal(0x3000 + 70);
        rig.Guest.Signal(0x3000 + 149);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref heard[70]) == 2 && Volatile.Read(ref heard[149]) == 2, Patience.Limit));
        connections.ForEach(connection => connection.Dispose());
    }

    [Fact]
    public void A_hypercall_answers_in_RAX_and_goes_on_behind_the_instruction()
    {
        using var rig = new WhpRig();
        Assert.Equal(HypercallStatus.InvalidHypercallCode, rig.Guest.Call(1, new HypercallControl((HypercallCode)0x7777), 0));
        StandinCall answer = rig.Calls("WHvSetVirtualProcessorRegisters").Last();
        // VP, count, RAX and RIP, their values.
        Assert.Equal("01000000" + "02000000" + "00000000" + "10000000" + "02000000000000000000000000000000" + "03100000000000000000000000000000", Convert.ToHexString(answer.Bytes));
        Assert.Equal((1L, 1L, 0L), (rig.Partition.RefusedHypercalls, rig.Partition.Processors[1].Hypercalls, rig.Partition.Processors[0].Hypercalls));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, rig.Guest.Call(0, new HypercallControl(HypercallCode.PostMessage), 1ul << 40));
        Assert.Equal(HypercallStatus.InvalidAlignment, rig.Guest.Call(0, new HypercallControl(HypercallCode.PostMessage), 4));
    }

    [Fact]
    public void A_32_bit_guest_passes_and_gets_halves()
    {
        using var rig = new WhpRig();
        int calls = 0;
        // Not by a port, which would take the call before it comes out.
        using Undo connection = rig.Partition.Calls.Connect(Connection, new GuestConnection(null, () => calls++));
        var exit = new WhpExit { Reason = WhpExitReason.Hypercall };
        exit.Vp.ExecutionState = 1 << 2;
        exit.Vp.Rip = 0x500;
        exit.Hypercall.Rax = 0xFFFF_FFFF_0000_0000 | new HypercallControl(HypercallCode.SignalEvent, fast: true).Value;
        exit.Hypercall.Rcx = Connection;
        Assert.True(Standin.Exit(rig.Vm, 0, exit));
        Assert.Equal(1, calls);
        Assert.Equal((0ul, 0ul, 0x503ul), (rig.Register(0, WhpRegister.Rax), rig.Register(0, WhpRegister.Rdx), rig.Register(0, WhpRegister.Rip)));
    }

    [Fact]
    public void A_hypercall_of_a_user_program_is_an_invalid_opcode()
    {
        using var rig = new WhpRig();
        var exit = new WhpExit { Reason = WhpExitReason.Hypercall };
        exit.Vp.ExecutionState = Kernel64 | 3;
        Assert.True(Standin.Exit(rig.Vm, 0, exit));
        Assert.Equal(1ul | 6 << 16, rig.Register(0, WhpRegister.PendingEvent));
        Assert.Equal(0ul, rig.Register(0, WhpRegister.Rip));
    }

    [Fact]
    public void A_register_that_nobody_knows_is_a_general_protection_fault()
    {
        using var rig = new WhpRig();
        var exit = new WhpExit { Reason = WhpExitReason.Msr };
        exit.Msr.MsrNumber = 0x1234;
        Assert.True(Standin.Exit(rig.Vm, 1, exit));
        Assert.Equal(1ul | 1 << 8 | 13 << 16, rig.Register(1, WhpRegister.PendingEvent));
    }

    [Theory]
    [InlineData(1, 0x1122334455667788, 0x11223344556677FF)]
    [InlineData(2, 0x1122334455667788, 0x112233445566FFFF)]
    [InlineData(4, 0x1122334455667788, 0x00000000FFFFFFFF)]
    public void A_port_without_a_device_reads_as_ones(int size, ulong before, ulong after)
    {
        using var rig = new WhpRig();
        var exit = new WhpExit { Reason = WhpExitReason.Port };
        exit.Vp.Rip = 0x40;
        exit.Vp.InstructionLengthAndCr8 = 2;
        exit.Port.PortNumber = 0x3F8;
        exit.Port.AccessInfo = (uint)size << 1;
        exit.Port.Rax = before;
        Assert.True(Standin.Exit(rig.Vm, 0, exit));
        Assert.Equal((after, 0x42ul), (rig.Register(0, WhpRegister.Rax), rig.Register(0, WhpRegister.Rip)));
    }

    [Theory]
    [InlineData(WhpExitReason.UnrecoverableException, GuestEndReason.TripleFault)]
    [InlineData(WhpExitReason.Halt, GuestEndReason.Halted)]
    [InlineData(WhpExitReason.Memory, GuestEndReason.Failed)]
    [InlineData(WhpExitReason.UnsupportedFeature, GuestEndReason.Failed)]
    [InlineData((WhpExitReason)0x7777, GuestEndReason.Failed)]
    internal async Task What_no_guest_recovers_from_ends_it_on_every_VP(WhpExitReason reason, GuestEndReason end)
    {
        using var partition = new WhpPartition(new() { MemorySize = 1 << 20, VpCount = 2 });
        nint vm = partition.Vm.DangerousGetHandle();
        partition.Start();
        var exit = new WhpExit { Reason = reason };
        exit.Vp.Rip = 0xABCD;
        // The VP is not run again: whoever had it exit is freed when the VP is deleted.
        var guest = new Thread(() => Standin.Exit(vm, 1, exit));
        guest.Start();
        GuestEnd ended = await partition.Ended.WaitAsync(Patience.Limit, WhpRig.Token);
        Assert.Equal(end, ended.Reason);
        Assert.Contains("0xabcd", ended.Detail, StringComparison.Ordinal);
        partition.Dispose();
        guest.Join();
    }
}
