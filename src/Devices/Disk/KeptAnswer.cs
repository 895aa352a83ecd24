namespace VmBus.Devices;

/// <summary>An answer that a guest could not be given, because its bus was being saved when it was ready.</summary>
/// <param name="ChannelIndex">Of which channel: 0 for the primary one.</param>
/// <param name="TransactionId">The guest's number of the request.</param>
/// <param name="Packet">The answer.</param>
internal sealed record KeptAnswer(ushort ChannelIndex, ulong TransactionId, byte[] Packet);
