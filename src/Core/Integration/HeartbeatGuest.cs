// The guest's side of heartbeats. Mirrors heartbeat_onchannelcallback (Linux drivers/hv/hv_util.c).

using System.Buffers.Binary;

namespace VmBus.Integration;

/// <summary>Answers heartbeats with the sequence number plus one.</summary>
public sealed class HeartbeatGuest : IntegrationGuest
{
    /// <summary>Creates a component that has not negotiated yet.</summary>
    public HeartbeatGuest() : base(IcMessageType.Heartbeat, IntegrationVersions.Heartbeat)
    {
    }

    /// <summary>
    /// The guest's state in answers. <see cref="IcGuestState.Unknown"/> leaves the field as the host sent it, as Linux does.
    /// </summary>
    public IcGuestState State { get; set; }

    /// <summary>The last sequence number that was answered.</summary>
    public ulong SequenceNumber { get; private set; }

    private protected override IcStatus Respond(Span<byte> body)
    {
        // Hosts need not send what is reserved behind the number.
        if (body.Length < sizeof(ulong))
            return Malformed();
        SequenceNumber = BinaryPrimitives.ReadUInt64LittleEndian(body) + 1;
        BinaryPrimitives.WriteUInt64LittleEndian(body, SequenceNumber);
        if (State != IcGuestState.Unknown && body.Length >= sizeof(ulong) + sizeof(uint))
            BinaryPrimitives.WriteUInt32LittleEndian(body[sizeof(ulong)..], (uint)State);
        return IcStatus.Success;
    }
}
