// Which device answers at which port.

using System.Buffers.Binary;
using VmBus.Interop;

namespace VmBus.Kvm;

internal sealed class PortMap
{
    private IPortDevice[] _devices = [];

    public void Add(IPortDevice device)
    {
        foreach (IPortDevice other in _devices)
        {
            if (device.FirstPort < other.FirstPort + other.PortCount && other.FirstPort < device.FirstPort + device.PortCount)
                throw new ArgumentException($"Ports 0x{device.FirstPort:x} to 0x{device.FirstPort + device.PortCount - 1:x} are used by another device.", nameof(device));
        }
        _devices = [.. _devices, device];
    }

    // Ports without a device read as ones, as an empty bus does.
    public void Handle(KvmPortAccess access, Span<byte> data)
    {
        IPortDevice? device = Array.Find(_devices, device => access.Port >= device.FirstPort && access.Port < device.FirstPort + device.PortCount);
        if (device is null)
        {
            if (!access.IsWrite)
                data.Fill(0xFF);
            return;
        }
        Span<byte> word = stackalloc byte[4];
        for (int i = 0; i < access.Count; i++)
        {
            Span<byte> one = data.Slice(i * access.Size, access.Size);
            if (access.IsWrite)
            {
                word.Clear();
                one.CopyTo(word);
                device.Write(access.Port - device.FirstPort, access.Size, BinaryPrimitives.ReadUInt32LittleEndian(word));
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(word, device.Read(access.Port - device.FirstPort, access.Size));
                word[..access.Size].CopyTo(one);
            }
        }
    }
}
