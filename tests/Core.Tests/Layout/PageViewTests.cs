using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FsCheck.Xunit;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Layout;

public sealed class PageViewTests : IDisposable
{
    private readonly PageMemory _page = new();

    public void Dispose() => _page.Dispose();

    [Fact]
    public void A_monitor_views_words_lie_where_the_monitor_page_has_them()
    {
        var view = new MonitorPageView(_page.Address);
        ref MonitorPage page = ref _page.As<MonitorPage>();
        Assert.True(Unsafe.AreSame(ref view.TriggerState, ref page.TriggerState.Value));
        for (int group = 0; group < MonitorPage.GroupCount; group++)
        {
            Assert.True(Unsafe.AreSame(ref view.Pending(group), ref page.TriggerGroups[group].Pending));
            Assert.True(Unsafe.AreSame(ref view.Armed(group), ref page.TriggerGroups[group].Armed));
            Assert.True(Unsafe.AreSame(ref view.TriggerGroup(group), ref page.TriggerGroups[group].Value));
        }

        for (int id = 0; id < MonitorPage.MonitorCount; id++)
        {
            Assert.True(Unsafe.AreSame(ref view.NextCheckTime(id), ref page.NextCheckTimes[id]));
            Assert.True(Unsafe.AreSame(ref view.Latency(id), ref page.Latencies[id]));
            Assert.True(Unsafe.AreSame(ref view.Parameter(id), ref page.Parameters[id]));
        }
    }

    [Theory]
    [InlineData(0, 0x008, 0x00C, 0x040, 0x240, 0x440)]
    [InlineData(31, 0x008, 0x00C, 0x0BC, 0x27E, 0x538)]
    [InlineData(32, 0x010, 0x014, 0x0C0, 0x280, 0x540)]
    [InlineData(127, 0x020, 0x024, 0x23C, 0x33E, 0x838)]
    public void A_monitors_words_are_at_the_documented_offsets(int id, int pending, int armed, int check, int latency, int parameter)
    {
        var view = new MonitorPageView(_page.Address);
        int group = id / MonitorPage.MonitorsPerGroup;
        view.Pending(group) = 0x11111111;
        view.Armed(group) = 0x22222222;
        view.NextCheckTime(id) = 0x33333333;
        view.Latency(id) = 0x4444;
        view.Parameter(id) = new MonitorParameter { ConnectionId = 0x55555555, FlagNumber = 0x6666 };

        Span<byte> bytes = _page.Bytes;
        Assert.Equal(0x11111111u, BinaryPrimitives.ReadUInt32LittleEndian(bytes[pending..]));
        Assert.Equal(0x22222222u, BinaryPrimitives.ReadUInt32LittleEndian(bytes[armed..]));
        Assert.Equal(0x33333333u, BinaryPrimitives.ReadUInt32LittleEndian(bytes[check..]));
        Assert.Equal(0x4444u, BinaryPrimitives.ReadUInt16LittleEndian(bytes[latency..]));
        Assert.Equal(0x0000_6666_5555_5555ul, BinaryPrimitives.ReadUInt64LittleEndian(bytes[parameter..]));
        Assert.Equal(4 + 4 + 4 + 2 + 6, bytes.ToArray().Count(b => b != 0));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void There_is_no_trigger_group_but_0_to_3(int group)
    {
        var view = new MonitorPageView(_page.Address);
        Assert.Throws<ArgumentOutOfRangeException>(() => { view.Pending(group) = 1; });
        Assert.Throws<ArgumentOutOfRangeException>(() => { view.Armed(group) = 1; });
        Assert.Throws<ArgumentOutOfRangeException>(() => { view.TriggerGroup(group) = 1; });
        Assert.Throws<ArgumentOutOfRangeException>(() => new MonitorTriggerState().IsGroupEnabled(group));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(128)]
    [InlineData(int.MinValue)]
    public void There_is_no_monitor_but_0_to_127(int id)
    {
        var view = new MonitorPageView(_page.Address);
        Assert.Throws<ArgumentOutOfRangeException>(() => { view.NextCheckTime(id) = 1; });
        Assert.Throws<ArgumentOutOfRangeException>(() => { view.Latency(id) = 1; });
        Assert.Throws<ArgumentOutOfRangeException>(() => { view.Parameter(id) = default; });
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(16)]
    public void There_is_no_SINT_but_0_to_15(int sint)
    {
        var flags = new SynicEventFlagsPageView(_page.Address);
        var messages = new SynicMessagePageView(_page.Address);
        Assert.Throws<ArgumentOutOfRangeException>(() => { flags.Flags(sint).Clear(); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { messages.Slot(sint) = default; });
    }

    [Fact]
    public void A_view_refuses_no_page_and_a_crooked_page()
    {
        foreach (nint bad in new nint[] { 0, _page.Address + 1, _page.Address + 4, _page.Address + 7 })
        {
            Assert.Throws<ArgumentException>(() => new MonitorPageView(bad));
            Assert.Throws<ArgumentException>(() => new InterruptPageView(bad));
            Assert.Throws<ArgumentException>(() => new SynicEventFlagsPageView(bad));
            Assert.Throws<ArgumentException>(() => new SynicMessagePageView(bad));
        }

        Assert.Equal(_page.Address, new MonitorPageView(_page.Address).Address);
        Assert.Equal(_page.Address + 8, new InterruptPageView(_page.Address + 8).Address);
    }

    [Fact]
    public void The_interrupt_page_has_the_receive_half_first()
    {
        var view = new InterruptPageView(_page.Address);
        view.Receive.Fill(0x0101010101010101);
        view.Send.Fill(0x0202020202020202);
        Assert.Equal(-1, _page.Bytes[..2048].IndexOfAnyExcept((byte)1));
        Assert.Equal(-1, _page.Bytes[2048..].IndexOfAnyExcept((byte)2));
        Assert.Equal(16384, view.Send.Length * 64);
    }

    [Fact]
    public void Each_SINT_has_256_bytes_of_flags_and_a_256_byte_slot()
    {
        var flags = new SynicEventFlagsPageView(_page.Address);
        for (int sint = 0; sint < 16; sint++)
        {
            flags.Flags(sint).Fill(0x0101010101010101 * (ulong)sint);
            Assert.Equal(2048, flags.Flags(sint).Length * 64);
        }

        for (int i = 0; i < 4096; i++)
            Assert.Equal(i / 256, _page.Bytes[i]);

        var messages = new SynicMessagePageView(_page.Address);
        for (int sint = 0; sint < 16; sint++)
            messages.Slot(sint).Header.MessageType = (SynicMessageType)(0x100 + sint);
        for (int sint = 0; sint < 16; sint++)
            Assert.Equal(0x100u + (uint)sint, BinaryPrimitives.ReadUInt32LittleEndian(_page.Bytes[(sint * 256)..]));
    }

    [Fact]
    public void A_slot_is_read_and_written_field_by_field()
    {
        ref SynicMessage slot = ref new SynicMessagePageView(_page.Address).Slot(2);
        slot.Sender = 0x1122334455667788;
        slot.PayloadSize = 240;
        slot.IsPending = true;
        slot.PayloadBytes.Fill(7);
        slot.MessageType = SynicMessageType.Channel;
        Assert.Equal(240, slot.PayloadBytes.Length);
        Span<byte> bytes = _page.Bytes.Slice(512, 256);
        Assert.Equal("01000000F001000088776655443322110707", Convert.ToHexString(bytes[..18]));
        Assert.Equal(-1, bytes[16..].IndexOfAnyExcept((byte)7));
        slot.IsPending = false;
        Assert.Equal((0, 240, 0x1122334455667788ul), (bytes[5], slot.PayloadSize, slot.Sender));
        Assert.Equal((false, SynicMessageType.Channel), (slot.IsPending, slot.MessageType));
    }

    [Fact]
    public void The_connection_of_a_monitor_is_the_first_word_of_its_parameter()
    {
        var view = new MonitorPageView(_page.Address);
        view.ConnectionId(127) = 0x123456;
        Assert.Equal(0x123456u, BinaryPrimitives.ReadUInt32LittleEndian(_page.Bytes[(0x440 + 127 * 8)..]));
        Assert.Throws<ArgumentOutOfRangeException>(() => view.ConnectionId(128));
    }

    [Property]
    public void A_fast_signals_register_is_the_input_as_it_lies_in_memory(uint connection, ushort flag, ushort reserved)
    {
        var input = new SignalEventInput(connection, flag) { Reserved = reserved };
        Assert.Equal(MemoryMarshal.Read<ulong>(MemoryMarshal.AsBytes(new ReadOnlySpan<SignalEventInput>(in input))), input.ToRegister());
        Assert.Equal(input, SignalEventInput.FromRegister(input.ToRegister()));
    }

    [Property]
    public void A_trailer_word_is_the_trailer_as_it_lies_in_memory(uint index)
    {
        var trailer = new PacketTrailer { WriteIndex = index };
        Assert.Equal(MemoryMarshal.Read<ulong>(MemoryMarshal.AsBytes(new ReadOnlySpan<PacketTrailer>(in trailer))), PacketTrailer.Pack(index));
    }

    [Fact]
    public void A_control_word_names_its_call()
    {
        var fast = new HypercallControl(HypercallCode.SignalEvent, fast: true, nested: true);
        Assert.Equal(0x8001_005Dul, fast.Value);
        Assert.Equal((HypercallCode.SignalEvent, true, true, 0, 0, 0), (fast.Code, fast.IsFast, fast.IsNested, fast.VariableHeaderSize, fast.RepCount, fast.RepStart));
        var full = new HypercallControl(0x0ABC_0DEF_07FE_005C);
        Assert.Equal((HypercallCode.PostMessage, false, 0x3FF, 0xDEF, 0xABC), (full.Code, full.IsFast, full.VariableHeaderSize, full.RepCount, full.RepStart));
    }

    [Fact]
    public void A_SINT_register_tells_its_bits()
    {
        Assert.Equal(0x10000ul, SynicSint.Reset.Value);
        Assert.True(SynicSint.Reset.IsMasked);
        SynicSint sint = SynicSint.Unmasked(0xF3, autoEoi: true, polling: true);
        Assert.Equal(0x600F3ul, sint.Value);
        Assert.Equal((0xF3, false, true, true, false, false), ((int)sint.Vector, sint.IsMasked, sint.IsAutoEoi, sint.IsPolling, sint.IsIntercept, sint.IsProxy));
        Assert.True(new SynicSint(1ul << 20).IsProxy);
        Assert.True(new SynicSint(1ul << 19).IsIntercept);
    }

    [Fact]
    public void A_page_register_holds_a_page_and_refuses_less()
    {
        SynicPageRegister register = SynicPageRegister.Enabled(0x1234_5000);
        Assert.Equal((0x1234_5001ul, true, 0x12345ul, 0x1234_5000ul), (register.Value, register.IsEnabled, register.PageFrame, register.Address));
        Assert.False(SynicPageRegister.Disabled.IsEnabled);
        Assert.Throws<ArgumentException>(() => SynicPageRegister.Enabled(0x1234_5008));
    }

    [Fact]
    public void A_messages_port_is_the_low_half_of_its_sender()
    {
        var header = new SynicMessageHeader { Sender = 0x1111_2222_3333_4444 };
        Assert.Equal(0x3333_4444u, header.Port);
        header.Port = 5;
        Assert.Equal(0x1111_2222_0000_0005ul, header.Sender);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 1, 1)]
    [InlineData(0, 4096, 1)]
    [InlineData(1, 4096, 2)]
    [InlineData(4095, 2, 2)]
    [InlineData(0xFFFFFFFF, 0xFFFFFFFF, 2097152)]
    public void A_range_has_a_frame_number_for_each_page_it_touches(uint offset, uint count, long pages) =>
        Assert.Equal(pages, new GpaRange { ByteOffset = offset, ByteCount = count }.PageCount);

    [Fact]
    public void Versions_are_known_newest_first()
    {
        Assert.Equal(ProtocolVersion.Known.OrderDescending(), ProtocolVersion.Known);
        Assert.Equal(
            ["6.0", "5.3", "5.2", "5.1", "5.0", "4.1", "4.0", "3.0", "2.4", "1.1", "0.13"],
            ProtocolVersion.Known.Select(v => v.ToString()));
        Assert.Equal(0x0005_0003u, ProtocolVersion.Iron.Value);
        Assert.True(ProtocolVersion.Win8 > ProtocolVersion.Win7 && ProtocolVersion.Win7 >= ProtocolVersion.Win7);
        Assert.True(ProtocolVersion.Ws2008 < ProtocolVersion.Win7 && ProtocolVersion.Win7 <= ProtocolVersion.Win7);
    }

    [Fact]
    public void A_GPADL_message_holds_26_frames_and_a_body_28()
    {
        Assert.Equal(26, VmBus.Protocol.GpadlHeader.MaxPageFrames);
        Assert.Equal(28, VmBus.Protocol.GpadlBody.MaxPageFrames);
    }

    [Fact]
    public void A_class_id_lies_in_an_offer_as_Linux_prints_it()
    {
        var offer = new ChannelOffer { InterfaceType = Guid.Parse("f8615163-df3e-46c5-913f-f2d2f965ed0e") };
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<ChannelOffer>(in offer));
        Assert.Equal("635161F83EDFC546913FF2D2F965ED0E", Convert.ToHexString(bytes[..16]));
    }
}
