// KVM as a whole: /dev/kvm. Mirrors the system ioctls of Documentation/virt/kvm/api.rst.

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>An open <c>/dev/kvm</c>. Thread-safe.</summary>
[SupportedOSPlatform("linux")]
internal sealed class KvmSystem : KvmHandle
{
    /// <summary>The version of the interface that this library speaks; it has been 12 since Linux 2.6.22.</summary>
    public const int ApiVersion = 12;

    /// <summary>Where the device is.</summary>
    public const string DefaultPath = "/dev/kvm";

    private KvmSystem(int descriptor) : base(descriptor)
    {
    }

    /// <summary>Opens it.</summary>
    /// <exception cref="ErrnoException">
    /// <see cref="Errno.NoSuchFile"/> without the module, <see cref="Errno.AccessDenied"/> without the right to it, or another
    /// reason of the kernel's.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">It speaks another version of the interface.</exception>
    public static KvmSystem Open(string path = DefaultPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int descriptor = Libc.Open(path, Libc.OpenReadWrite | Libc.OpenCloseOnExec, 0);
        if (descriptor < 0)
            throw ErrnoException.FromLastCall($"open of {path}");
        var system = new KvmSystem(descriptor);
        try
        {
            int version = system.Control(KvmRequest.GetApiVersion, 0, $"KVM_GET_API_VERSION of {path}");
            return version == ApiVersion ? system
                : throw new PlatformNotSupportedException($"{path} speaks version {version} of the KVM interface, not {ApiVersion}.");
        }
        catch
        {
            system.Dispose();
            throw;
        }
    }

    /// <summary>Says what the kernel can do.</summary>
    /// <returns>0 when it cannot; otherwise 1, or a number that the capability defines.</returns>
    public int Check(KvmCapability capability) => Control(KvmRequest.CheckExtension, (nint)capability, $"KVM_CHECK_EXTENSION of {capability}");

    /// <summary>What the processor's CPUID leaves may say to a guest.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public KvmCpuidEntry[] GetSupportedCpuid()
    {
        byte[] list = KvmCpuidList.CreateEmpty();
        Control(KvmRequest.GetSupportedCpuid, list, "KVM_GET_SUPPORTED_CPUID");
        return KvmCpuidList.Read(list);
    }

    /// <summary>Makes a VM without memory and VPs.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public KvmVm CreateVm()
    {
        int runSize = Control(KvmRequest.GetRunSize, 0, "KVM_GET_VCPU_MMAP_SIZE");
        return new KvmVm(Control(KvmRequest.CreateVm, 0, "KVM_CREATE_VM"), runSize);
    }
}
