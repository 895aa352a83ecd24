using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FsCheck.Xunit;

namespace VmBus.Devices.Tests.Network;

/// <summary>Questions of a guest, right and wrong, and their answers.</summary>
public sealed class RndisProtocolTests
{
    private const uint Number = 0x1234_5678;

    [Theory]
    [InlineData((uint)RndisOid.MaximumFrameSize, 9000u)]
    [InlineData((uint)RndisOid.MaximumTotalSize, 9014u)]
    [InlineData((uint)RndisOid.LinkSpeed, 100_000_000u)]
    [InlineData((uint)RndisOid.MediaConnectStatus, 0u)]
    [InlineData((uint)RndisOid.CurrentPacketFilter, 0u)]
    [InlineData((uint)RndisOid.TransmitOk, 0u)]
    public void A_number_is_told(uint oid, uint value)
    {
        (RndisStatus status, byte[] information) = Query(Make(), (RndisOid)oid);
        Assert.Equal((RndisStatus.Success, value), (status, BinaryPrimitives.ReadUInt32LittleEndian(information)));
        Assert.Equal(4, information.Length);
    }

    [Fact]
    public void The_address_is_told_and_what_is_not_known_is_refused()
    {
        Assert.Equal(NetworkFixture.Address, Query(Make(), RndisOid.PermanentAddress).Information);
        Assert.Equal(NetworkFixture.Address, Query(Make(), RndisOid.CurrentAddress).Information);
        // Receive scaling: Linux stays with one queue then.
        Assert.Equal((RndisStatus.NotSupported, 0), (Query(Make(), (RndisOid)0x0001_0203).Status, Query(Make(), (RndisOid)0x0001_0203).Information.Length));
    }

    // Linux gives the adapter up where the object is longer than its struct ndis_offload, 156 bytes, or shorter than 112.
    [Theory]
    [InlineData(Nvsp.Version1, 1, 112)]
    [InlineData(Nvsp.Version4, 2, 144)]
    [InlineData(Nvsp.Version5, 3, 156)]
    [InlineData(Nvsp.Version61, 3, 156)]
    public void Offloads_are_an_object_of_the_versions_size_and_none_is_there(uint version, byte revision, int size)
    {
        (RndisStatus status, byte[] information) = Query(Make(), RndisOid.OffloadHardwareCapabilities, version);
        Assert.Equal((RndisStatus.Success, size), (status, information.Length));
        Assert.Equal((0xA7, revision, size), (information[0], information[1], BinaryPrimitives.ReadUInt16LittleEndian(information.AsSpan(2))));
        Assert.All(information[4..], one => Assert.Equal(0, one));
    }

    [Fact]
    public void Each_question_of_the_list_has_an_answer_that_fits()
    {
        byte[] list = Query(Make(), RndisOid.SupportedList).Information;
        Assert.Equal(Enum.GetValues<RndisOid>().Length, list.Length / 4);
        foreach (uint oid in MemoryMarshal.Cast<byte, uint>(list))
        {
            if ((RndisOid)oid != RndisOid.OffloadParameters)
                Assert.Equal(RndisStatus.Success, Query(Make(), (RndisOid)oid).Status);
        }
    }

    [Fact]
    public void A_filter_is_set_and_a_halt_takes_it_back()
    {
        RndisProtocol protocol = Make();
        Assert.Equal(RndisStatus.Success, Set(protocol, RndisOid.CurrentPacketFilter, [0x0D, 0, 0, 0]));
        Assert.Equal((PacketFilter)0x0D, protocol.Filter);
        Assert.Equal(RndisStatus.InvalidData, Set(protocol, RndisOid.CurrentPacketFilter, [1, 0, 0]));
        Assert.Equal((PacketFilter)0x0D, protocol.Filter);
        Assert.Equal(0, protocol.Handle([3, 0, 0, 0, 8, 0, 0, 0], true, Nvsp.Version61, new byte[Rndis.LongestAnswer]));
        Assert.Equal((PacketFilter.None, false), (protocol.Filter, protocol.IsInitialized));
    }

    [Theory]
    [InlineData((uint)RndisOid.OffloadParameters, 44, (uint)RndisStatus.Success)]
    [InlineData((uint)RndisOid.MulticastList, 12, (uint)RndisStatus.Success)]
    [InlineData((uint)RndisOid.MulticastList, 13, (uint)RndisStatus.InvalidData)]
    [InlineData((uint)RndisOid.PermanentAddress, 6, (uint)RndisStatus.NotSupported)]
    [InlineData(0x0001_021Bu, 6, (uint)RndisStatus.NotSupported)]
    public void A_setting_is_taken_or_refused(uint oid, int length, uint status) => Assert.Equal((RndisStatus)status, Set(Make(), (RndisOid)oid, new byte[length]));

    [Theory]
    [InlineData(20u, 5u)]
    [InlineData(21u, 4u)]
    [InlineData(uint.MaxValue, 4u)]
    [InlineData(20u, uint.MaxValue)]
    [InlineData(uint.MaxValue, uint.MaxValue)]
    public void A_setting_that_is_not_in_its_message_is_refused(uint offset, uint length)
    {
        byte[] message = Message(RndisMessageType.Set, RndisOid.CurrentPacketFilter, [1, 2, 3, 4]);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(16), length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(20), offset);
        Assert.Equal(RndisStatus.InvalidLength, (RndisStatus)BinaryPrimitives.ReadUInt32LittleEndian(Handle(Make(), message).AsSpan(12)));
    }

    [Fact]
    public void Too_short_a_question_is_answered_by_its_number_or_is_none()
    {
        foreach (RndisMessageType type in new[] { RndisMessageType.Query, RndisMessageType.Set })
        {
            byte[] whole = Message(type, RndisOid.LinkSpeed, []);
            for (int length = 8; length < whole.Length; length++)
            {
                var answer = new byte[Rndis.LongestAnswer];
                int answered = Make().Handle(whole.AsSpan(0, length), true, Nvsp.Version61, answer);
                Assert.Equal(length < 12, answered < 0);
                if (answered >= 0)
                    Assert.Equal((Number, (uint)RndisStatus.InvalidLength), (BinaryPrimitives.ReadUInt32LittleEndian(answer.AsSpan(8)), BinaryPrimitives.ReadUInt32LittleEndian(answer.AsSpan(12))));
            }
        }
    }

    [Property(MaxTest = 2000)]
    public void Whatever_comes_the_answer_has_its_own_length_and_the_number_of_the_question(uint type, byte[] body)
    {
        byte[] message = [.. BitConverter.GetBytes(type % 10), .. BitConverter.GetBytes(8 + body.Length), .. body];
        var answer = new byte[Rndis.LongestAnswer];
        int length = Make().Handle(message, true, Nvsp.Version61, answer);
        if (length <= 0)
            return;
        Assert.InRange(length, 16, Rndis.LongestAnswer);
        Assert.Equal((type % 10 | 0x8000_0000, (uint)length), (BitConverter.ToUInt32(answer), BitConverter.ToUInt32(answer, 4)));
        if (type % 10 != (uint)RndisMessageType.Reset)
            Assert.Equal(BitConverter.ToUInt32(body), BitConverter.ToUInt32(answer, 8));
    }

    private static RndisProtocol Make() => new(NetworkFixture.Address, new NetworkAdapterOptions(), new NetworkCounts());

    private static (RndisStatus Status, byte[] Information) Query(RndisProtocol protocol, RndisOid oid, uint version = Nvsp.Version61)
    {
        byte[] answer = Handle(protocol, Message(RndisMessageType.Query, oid, []), version);
        var complete = MemoryMarshal.Read<RndisQueryComplete>(answer.AsSpan(8));
        Assert.Equal(Number, complete.RequestId);
        return (complete.Status, answer.AsSpan(8 + (int)complete.InformationOffset, (int)complete.InformationLength).ToArray());
    }

    private static RndisStatus Set(RndisProtocol protocol, RndisOid oid, byte[] value) =>
        (RndisStatus)BinaryPrimitives.ReadUInt32LittleEndian(Handle(protocol, Message(RndisMessageType.Set, oid, value)).AsSpan(12));

    private static byte[] Handle(RndisProtocol protocol, byte[] message, uint version = Nvsp.Version61)
    {
        var answer = new byte[Rndis.LongestAnswer];
        int length = protocol.Handle(message, isLinkUp: true, version, answer);
        Assert.Equal(length, BinaryPrimitives.ReadInt32LittleEndian(answer.AsSpan(4)));
        return answer[..length];
    }

    private static byte[] Message(RndisMessageType type, RndisOid oid, byte[] value)
    {
        var message = new byte[8 + RndisRequest.Size + value.Length];
        MemoryMarshal.Write(message, in type);
        MemoryMarshal.Write(message.AsSpan(4), message.Length);
        MemoryMarshal.Write(message.AsSpan(8), new RndisRequest { RequestId = Number, Oid = oid, InformationLength = (uint)value.Length, InformationOffset = RndisRequest.Size });
        value.CopyTo(message, 8 + RndisRequest.Size);
        return message;
    }
}
