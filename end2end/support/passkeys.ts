import { type CDPSession, type Page, expect } from '@playwright/test';

type Credential = { credentialId: string; userName?: string; userDisplayName?: string; isResidentCredential: boolean };

/** An authenticator in the browser, as a device with a fingerprint sensor has one (Chromium's WebAuthn domain). */
export class VirtualAuthenticator {
  /** What Signal API calls changed, in order. */
  readonly events: string[] = [];

  private constructor(
    private readonly session: CDPSession,
    readonly id: string,
  ) {
    session.on('WebAuthn.credentialDeleted', () => this.events.push('deleted'));
    session.on('WebAuthn.credentialUpdated', ({ credential }) => this.events.push(`updated ${credential.userName} ${credential.userDisplayName}`));
  }

  /** Adds one to the browser: part of the device, or a key at a port. Its passkeys are synced, or can't leave it. */
  static async plugIn(
    page: Page,
    { isSynced = true, transport = 'internal' }: { isSynced?: boolean; transport?: 'internal' | 'usb' } = {},
  ): Promise<VirtualAuthenticator> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport,
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        defaultBackupEligibility: isSynced,
        defaultBackupState: isSynced,
      },
    });
    return new VirtualAuthenticator(session, authenticatorId);
  }

  async unplug(): Promise<void> {
    await this.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.id });
  }

  async credentials(): Promise<Credential[]> {
    const { credentials } = await this.session.send('WebAuthn.getCredentials', { authenticatorId: this.id });
    return credentials;
  }

  /** Makes the user touch the sensor at once, or not at all. */
  async touches(enabled: boolean): Promise<void> {
    await this.session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.id, enabled });
  }

  /** Makes the sensor know the user's finger, or not. */
  async verifiesUser(isUserVerified: boolean): Promise<void> {
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId: this.id, isUserVerified });
  }

  /** Makes the authenticator's responses wrong in one way; without an argument, right again. */
  async forges(bits: { isBogusSignature?: boolean; isBadUV?: boolean; isBadUP?: boolean } = {}): Promise<void> {
    await this.session.send('WebAuthn.setResponseOverrideBits', { authenticatorId: this.id, ...bits });
  }

  /** Waits until the site has told the browser this. */
  async hears(event: string): Promise<void> {
    await expect.poll(() => this.events, { message: this.events.join() }).toContain(event);
  }
}
