using System.Runtime.InteropServices;

namespace VmBus.Devices.Tests.Network;

/// <summary>What is negotiated, message by message.</summary>
public sealed class NvspProtocolTests
{
    [Theory]
    [InlineData(Nvsp.Version1, true)]
    [InlineData(Nvsp.Version2, true)]
    [InlineData(Nvsp.Version4, true)]
    [InlineData(Nvsp.Version5, true)]
    [InlineData(Nvsp.Version6, true)]
    [InlineData(Nvsp.Version61, true)]
    [InlineData(0u, false)]
    [InlineData(3u, false)]
    [InlineData(0x7_0000u, false)]
    [InlineData(uint.MaxValue, false)]
    public void A_version_is_known_or_refused_and_after_a_refusal_the_next_is_asked_for(uint version, bool isKnown)
    {
        var protocol = new NvspProtocol();
        (NvspAction action, byte[] answer) = Handle(protocol, NvspMessageType.Init, new NvspInit { MinVersion = version, MaxVersion = version });
        Assert.Equal(NvspAction.Answer, action);
        Assert.Equal(NvspMessageType.InitComplete, MemoryMarshal.Read<NvspMessageType>(answer));
        var complete = MemoryMarshal.Read<NvspInitComplete>(answer.AsSpan(Nvsp.HeaderSize));
        Assert.Equal(isKnown ? (NvspStatus.Success, version) : (NvspStatus.Fail, uint.MaxValue), (complete.Status, complete.Version));
        Assert.Equal(isKnown ? version : 0, protocol.Version);
        if (!isKnown)
            Assert.Equal(NvspStatus.Success, MemoryMarshal.Read<NvspInitComplete>(Handle(protocol, NvspMessageType.Init, new NvspInit { MinVersion = 2, MaxVersion = 2 }).Answer.AsSpan(4)).Status);
    }

    [Theory]
    [InlineData((uint)NvspMessageType.SendNdisVersion)]
    [InlineData((uint)NvspMessageType.SendReceiveBuffer)]
    [InlineData((uint)NvspMessageType.SendSendBuffer)]
    [InlineData((uint)NvspMessageType.SendRndisPacket)]
    [InlineData((uint)NvspMessageType.RevokeReceiveBuffer)]
    [InlineData(0u)]
    [InlineData(uint.MaxValue)]
    public void Nothing_comes_before_the_version(uint type) =>
        Assert.Equal(NvspAction.Reject, Handle(new NvspProtocol(), (NvspMessageType)type, 0UL).Action);

    [Fact]
    public void A_version_has_no_messages_of_a_later_one()
    {
        NvspProtocol protocol = Negotiated(Nvsp.Version1);
        Assert.Equal(NvspAction.Reject, Handle(protocol, NvspMessageType.SendNdisConfig, new NvspNdisConfig { MaxFrame = 9014 }).Action);
        Assert.Equal(NvspAction.Reject, Handle(protocol, NvspMessageType.Subchannel, 1UL).Action);
        Assert.Equal(NvspAction.Reject, Handle(protocol, NvspMessageType.SwitchDataPath, 0).Action);
        Assert.Equal(NvspProtocol.DefaultMaxFrame, protocol.MaxFrame);
        Assert.Equal(NvspAction.Reject, Handle(Negotiated(Nvsp.Version61), NvspMessageType.Init, new NvspInit { MinVersion = 2, MaxVersion = 2 }).Action);
    }

    [Theory]
    [InlineData(13u, false)]
    [InlineData(14u, true)]
    [InlineData(9014u, true)]
    [InlineData(65535u, true)]
    [InlineData(65536u, false)]
    [InlineData(uint.MaxValue, false)]
    public void A_longest_frame_is_taken_where_it_can_be_one(uint maxFrame, bool isTaken)
    {
        NvspProtocol protocol = Negotiated(Nvsp.Version61);
        Assert.Equal(isTaken ? NvspAction.Answer : NvspAction.Reject, Handle(protocol, NvspMessageType.SendNdisConfig, new NvspNdisConfig { MaxFrame = maxFrame }).Action);
        Assert.Equal(isTaken ? (int)maxFrame : NvspProtocol.DefaultMaxFrame, protocol.MaxFrame);
    }

    [Fact]
    public void No_cut_message_is_read_beyond_its_end()
    {
        NvspProtocol protocol = Negotiated(Nvsp.Version61);
        foreach ((NvspMessageType type, int needed) in new[]
        {
            (NvspMessageType.SendNdisConfig, NvspNdisConfig.Size), (NvspMessageType.SendReceiveBuffer, NvspBuffer.Size), (NvspMessageType.SendSendBuffer, NvspBuffer.Size),
            (NvspMessageType.SendRndisPacket, NvspRndisPacket.Size),
        })
        {
            for (int length = 0; length < needed; length++)
            {
                var message = new byte[Nvsp.HeaderSize + length];
                MemoryMarshal.Write(message, in type);
                Assert.Equal(NvspAction.Reject, protocol.Handle(message, new byte[Nvsp.MessageSize], out _, out _));
            }
        }
    }

    [Fact]
    public void Subchannels_are_refused_and_the_guest_goes_on_with_one()
    {
        (NvspAction action, byte[] answer) = Handle(Negotiated(Nvsp.Version61), NvspMessageType.Subchannel, 1UL | 3UL << 32);
        Assert.Equal(NvspAction.Answer, action);
        Assert.Equal(NvspMessageType.Subchannel, MemoryMarshal.Read<NvspMessageType>(answer));
        Assert.Equal((NvspStatus.Fail, 0u), (MemoryMarshal.Read<NvspSubchannelComplete>(answer.AsSpan(4)).Status, MemoryMarshal.Read<NvspSubchannelComplete>(answer.AsSpan(4)).Count));
    }

    private static NvspProtocol Negotiated(uint version)
    {
        var protocol = new NvspProtocol();
        Handle(protocol, NvspMessageType.Init, new NvspInit { MinVersion = version, MaxVersion = version });
        Assert.Equal(version, protocol.Version);
        return protocol;
    }

    private static (NvspAction Action, byte[] Answer) Handle<T>(NvspProtocol protocol, NvspMessageType type, T body) where T : unmanaged
    {
        var answer = new byte[Nvsp.MessageSize];
        return (protocol.Handle(NetworkGuest.Packet(type, body), answer, out _, out _), answer);
    }
}
